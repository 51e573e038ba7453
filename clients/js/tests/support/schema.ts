import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import formats from "ajv-formats";
import schema from "../../../../ws/schema/websocket.schema.json" with { type: "json" };

const ajv = new Ajv2020({ strict: false });
formats.default(ajv);
ajv.addSchema(schema);

function validator(part: string): ValidateFunction {
  return ajv.compile({ $ref: `${schema.$id}#/$defs/${part}` });
}
const server = validator("serverMessage");
const client = validator("clientMessage");

function check(validate: ValidateFunction, message: unknown): void {
  if (validate(message)) return;
  throw new Error(`not of the contract: ${JSON.stringify(message)}\n${JSON.stringify(validate.errors?.slice(0, 4))}`);
}

/** Throws when it is nothing the server may say. */
export const checkServerMessage = (message: unknown): void => check(server, message);
/** Throws when it is nothing a client may say. */
export const checkClientMessage = (message: unknown): void => check(client, message);
