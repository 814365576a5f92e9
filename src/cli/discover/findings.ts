import type { Asked } from './ask.js'

/** One thing that a client looks at. */
export interface Step {
  readonly name: string
  readonly url: string
  readonly status: number | null
  readonly ok: boolean
  readonly detail: string
}

/** A document about the resource, and how a client came to it. */
export interface FoundDocument {
  readonly way: 'header' | 'path' | 'root'
  readonly asked: Asked
  readonly resource: unknown
  /** Its `authorization_servers`, as they stand there. */
  readonly servers: unknown
}
