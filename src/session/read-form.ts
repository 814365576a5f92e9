import type { Request } from '../core/express.js'

const form = /^application\/x-www-form-urlencoded[ \t]*(?:;|$)/i

/**
 * Reads the values of one field of a form, whether or not something in front has read the body already.
 * A body that is no form, or longer than `limit` bytes, has none.
 */
export async function readField(
  req: Request,
  name: string,
  limit: number,
): Promise<readonly unknown[]> {
  if (!form.test(req.headers['content-type'] ?? '')) return []
  if (Number(req.headers['content-length'] ?? 0) > limit) return []
  const body: unknown = req.body
  // What a parser made a list or an object of stays one: it was not sent as a single text.
  if (isObject(body) && Object.hasOwn(body, name)) return [body[name]]
  const text = typeof body === 'string' || Buffer.isBuffer(body) ? body : await readText(req, limit)
  if (text === undefined || Buffer.byteLength(text) > limit) return []
  return new URLSearchParams(text.toString()).getAll(name)
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Buffer.isBuffer(value)
}

// What is too long is not read to its end: Node throws the rest away once the answer is sent.
function readText(req: Request, limit: number): Promise<Buffer | undefined> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = []
    let bytes = 0
    const done = (text?: Buffer) => {
      req.off('data', take)
      resolve(text)
    }
    function take(chunk: Buffer): void {
      bytes += chunk.length
      if (bytes > limit) done()
      else chunks.push(chunk)
    }
    if (req.readableEnded || req.destroyed) {
      done()
      return
    }
    req.on('data', take)
    req.once('end', () => {
      done(Buffer.concat(chunks))
    })
    for (const over of ['close', 'error']) {
      req.once(over, () => {
        done()
      })
    }
  })
}
