import type { IncomingMessage, ServerResponse } from 'node:http'
import type { ClaimsPrincipal } from './claims-principal.js'

declare global {
  // Express and its plug-ins are extended through this namespace; there is no other way in.
  // eslint-disable-next-line @typescript-eslint/no-namespace
  namespace Express {
    // Merges with the empty interface of the same name that @types/passport declares.
    // eslint-disable-next-line @typescript-eslint/no-empty-object-type
    interface User extends ClaimsPrincipal {}

    interface Request {
      /** The caller that `jwtBearer()` found or the last guard authorised. */
      user?: User | undefined
    }
  }
}

/** Express's request with its `user`; exported so that the augmentation reaches every consumer. */
export type { Request, Response, NextFunction, RequestHandler } from 'express'

/**
 * Is a handler for `app.use()` and routes. It asks for Node's types alone, so that the handlers after it keep the
 * parameters that Express reads out of their route's path.
 */
export type Middleware = (
  req: IncomingMessage,
  res: ServerResponse,
  next: (error?: unknown) => void,
) => void
