import type { ErrorRequestHandler, RequestHandler } from 'express'

export declare const privateHandler: RequestHandler
export declare const reportsHandler: RequestHandler
export declare const optionalHandler: RequestHandler
export declare const answerErrors: ErrorRequestHandler
