/** For the user, by the reason of the state `error`. */
export const stopTexts = {
  exhausted: "Could not reconnect. Check the network and try again.",
  auth: "The connection was refused: sign in again.",
  refused: "The connection was refused by the server.",
} as const;
