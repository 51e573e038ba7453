/** A word to the user about the connection. */
export interface Notice {
  kind: "info" | "success" | "warning" | "error";
  message: string;
}
