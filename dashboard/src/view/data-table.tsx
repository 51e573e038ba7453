import type { ReactElement, ReactNode } from "react";
import { Icon } from "./icon.js";

export interface Column<Row> {
  key: string;
  title: string;
  /** Also the class of its cells. */
  className?: string;
  numeric?: boolean;
  cell: (row: Row) => ReactNode;
  sortable?: boolean;
}

export interface Sort {
  key: string;
  descending: boolean;
}

interface TableProps<Row> {
  caption: string;
  className: string;
  columns: readonly Column<Row>[];
  rows: readonly Row[];
  rowKey: (row: Row) => string | number;
  rowClass?: (row: Row) => string | undefined;
  sort?: Sort;
  onSort?: (sort: Sort) => void;
  bodyId?: string;
}

/** A real table; heads that sort are buttons and say so. */
export function DataTable<Row>(props: TableProps<Row>): ReactElement {
  const { caption, className, columns, rows, rowKey, rowClass, bodyId } = props;
  return (
    <div className="scroll">
      <table className={className}>
        <caption className="sr">{caption}</caption>
        <thead>
          <tr>
            {columns.map((column) => (
              <Head key={column.key} column={column} sort={props.sort} onSort={props.onSort} />
            ))}
          </tr>
        </thead>
        <tbody id={bodyId}>
          {rows.map((row) => (
            <tr key={rowKey(row)} className={rowClass?.(row)}>
              {columns.map(({ key, className: cellClass = "", numeric, cell }) => (
                <td key={key} className={`${numeric ? "number " : ""}${cellClass}`}>
                  {cell(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

interface HeadProps<Row> {
  column: Column<Row>;
  sort: Sort | undefined;
  onSort: ((sort: Sort) => void) | undefined;
}

function Head<Row>({ column, sort, onSort }: HeadProps<Row>): ReactElement {
  const { key, title, numeric, sortable, className = "" } = column;
  const classes = `${numeric ? "number " : ""}${className}`;
  if (!sortable || !onSort) {
    return (
      <th scope="col" className={classes}>
        {title}
      </th>
    );
  }
  const active = sort?.key === key;
  const order = active ? (sort.descending ? "descending" : "ascending") : "none";
  const next = { key, descending: active ? !sort.descending : true };
  return (
    <th scope="col" className={classes} aria-sort={order}>
      <button type="button" className="sort" onClick={() => onSort(next)}>
        {title}
        {active && <Icon name={sort.descending ? "down" : "up"} />}
      </button>
    </th>
  );
}
