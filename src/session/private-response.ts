import type { Response } from '../core/express.js'

/** Keeps every cache from storing an answer that belongs to one person (a CDN that stored one handed it to others). */
export function markPrivate(res: Response): void {
  res.setHeader('Cache-Control', 'private, no-store')
  res.vary('Cookie')
}
