interface SearchFieldProps {
  id: string;
  placeholder: string;
  /** For who cannot see where it stands. */
  label: string;
  value: string;
  onChange: (value: string) => void;
}

export function SearchField({ id, placeholder, label, value, onChange }: SearchFieldProps) {
  return (
    <label className="field">
      <span className="sr">{label}</span>
      <input
        type="search"
        id={id}
        placeholder={placeholder}
        autoComplete="off"
        spellCheck={false}
        value={value}
        onChange={({ currentTarget }) => onChange(currentTarget.value)}
      />
    </label>
  );
}
