import { inspect } from 'node:util'
import { AuthError } from './errors.js'
import { TokenRejectedError } from './token-errors.js'
import type { Request, Response } from './express.js'
import { inspectAs } from '../internal/inspection.js'
import type { ClaimsPrincipal, JwtClaims } from './claims-principal.js'
import type { ProofOfPossession } from './proof-of-possession.js'

/** The header of a token (RFC 7515 section 4), verified together with its claims. */
export interface JwtHeader {
  readonly alg: string
  readonly kid?: string
  readonly typ?: string
  readonly [parameter: string]: unknown
}

/** A token whose signature holds: its parts, and the text it came as. */
export interface SecurityToken {
  /** Empty for an opaque token, which has none. */
  readonly header: Partial<JwtHeader>
  readonly payload: JwtClaims
  readonly raw: string
}

/** The options an event can look at: those given to `jwtBearer()`. */
export interface EventOptions {
  readonly scheme?: string | undefined
  readonly authority?: string | undefined
  readonly metadataAddress?: string | undefined
  readonly jwksUri?: string | undefined
  readonly audience?: string | readonly string[] | undefined
  readonly realm?: string | undefined
  readonly saveToken?: boolean | undefined
  readonly includeErrorDetails?: boolean | undefined
  readonly proofOfPossession?: ProofOfPossession | readonly ProofOfPossession[] | undefined
}

/** What every event is told: the exchange it belongs to and the configuration at work. */
export interface EventContext {
  /** The request. Outside Express: the object given to `authenticate()`. */
  readonly req: Request
  /** The response. Outside Express reading it throws: there is none. */
  readonly res: Response
  /** Name of the configuration at work. */
  readonly scheme: string
  /** The options given to `jwtBearer()`. */
  readonly options: EventOptions
}

/** How an event ended the walk. */
export type EventOutcome =
  | { readonly kind: 'success'; readonly principal: ClaimsPrincipal }
  | { readonly kind: 'failure'; readonly error: Error }
  | { readonly kind: 'none' }

/** Where a walk takes place: what all of its events share. */
export interface Exchange {
  readonly req: Request
  readonly res: Response | undefined
  readonly scheme: string
  readonly options: EventOptions
}

/** What all contexts have in common. */
export abstract class Context implements EventContext {
  readonly #exchange: Exchange

  constructor(exchange: Exchange) {
    this.#exchange = exchange
  }

  get req(): Request {
    return this.#exchange.req
  }

  get res(): Response {
    const { res } = this.#exchange
    if (res === undefined) {
      throw new TypeError(
        'There is no response outside Express: authenticate() was given a request alone',
      )
    }
    return res
  }

  get scheme(): string {
    return this.#exchange.scheme
  }

  get options(): EventOptions {
    return this.#exchange.options
  }

  /** Shows neither token nor claims, so that a context can be logged. */
  toJSON(): { scheme: string } {
    return { scheme: this.scheme }
  }
}

inspectAs(Context, (context) => `${context.constructor.name} ${inspect(context.toJSON())}`)

/** What the contexts have in common whose events can decide who calls. */
export abstract class ResultContext extends Context {
  #outcome: EventOutcome | undefined

  /** How the event ended the walk, if it did. The last call wins. */
  get outcome(): EventOutcome | undefined {
    return this.#outcome
  }

  /**
   * Ends the walk and refuses the caller with 401.
   *
   * @param reason - For logs and later events; the caller is never told. An {@link AuthError} keeps its code.
   */
  fail(reason: string | Error): void {
    this.#outcome = { kind: 'failure', error: rejection(reason) }
  }

  /** Ends the walk as if no credentials had been sent. */
  noResult(): void {
    this.#outcome = { kind: 'none' }
  }

  protected accept(principal: ClaimsPrincipal): void {
    this.#outcome = { kind: 'success', principal: checkPrincipal(principal) }
  }
}

/** Makes what refuses a token out of what an event gave as its reason. */
export function rejection(reason: unknown): Error {
  if (reason instanceof AuthError) return reason
  if (reason instanceof Error) return new TokenRejectedError(undefined, { cause: reason })
  return new TokenRejectedError(typeof reason === 'string' ? reason : undefined)
}

/** Refuses what a handler calls a principal and is none, before a guard would stumble over it. */
export function checkPrincipal(value: ClaimsPrincipal): ClaimsPrincipal {
  if (typeof (value as ClaimsPrincipal | undefined)?.isInRole === 'function') return value
  throw new TypeError('A caller must be a principal, such as createPrincipal(claims) makes')
}
