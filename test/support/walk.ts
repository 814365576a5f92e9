import type { Request } from 'express'
import type { Walk } from '../../src/core/walk.js'

/** The walk of a request with bearer credentials. */
export function bearerWalk(request: object = {}): Walk {
  return {
    req: request as Request,
    res: undefined,
    scheme: 'Bearer',
    options: {},
    credentials: 'Bearer',
    confirmations: [],
    isNonceEnding: false,
  }
}
