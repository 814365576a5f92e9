import type { ClaimsPrincipal } from './principal.js'

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
