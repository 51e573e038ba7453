/** Where connection events go; `console` fits. Without one nothing is logged. Tokens and payloads never are. */
export interface Logger {
  debug(message: string, details?: object): void;
  warn(message: string, details?: object): void;
}
