import { describe, expect, test } from 'vitest'
import { jwtVerify } from 'jose'
import { jwtBearer, symmetricKey } from 'express-jwt-bearer'
import { corpusFor, signersByAlgorithm, type Signer } from './corpus.js'

const casesPerAlgorithm = 400

function joseVerifier({ alg, key }: Signer) {
  return async (token: string) => {
    try {
      // So much tolerance that the instants of a token never count.
      await jwtVerify(token, key, { algorithms: [alg], clockTolerance: 1e12 })
      return true
    } catch {
      return false
    }
  }
}

function ourVerifier({ alg, key }: Signer) {
  const bearer = jwtBearer({
    tokenCache: false,
    events: {
      // Past the reading of the header, which has rules of its own.
      onMessageReceived: (context) => {
        context.token = (context.req as unknown as { token: string }).token
      },
    },
    tokenValidationParameters: {
      validateIssuer: false,
      validateAudience: false,
      validateLifetime: false,
      validAlgorithms: [alg],
      issuerSigningKey: key.type === 'secret' ? symmetricKey(key.export()) : key,
    },
  })
  return async (token: string) => {
    const result = await bearer.authenticate({ headers: {}, token } as never)
    if (result.kind === 'failure') {
      expect((result.error as { code?: string }).code).toMatch(/^ERR_TOKEN_/)
    }
    return result.kind === 'success'
  }
}

/** Whether a token is written in a way that only `jose` puts up with. */
function isSpeltOtherwise(token: string) {
  const [header = '', payload = '', signature = ''] = token.split('.')
  const canonical = Buffer.from(signature, 'base64url').toString('base64url')
  // A byte order mark has no place in front of JSON either (RFC 8259 section 8.1).
  const mark = Buffer.from('\ufeff').toString('base64url')
  return signature !== canonical || /[^\w-]/.test(header + payload) || payload.startsWith(mark)
}

describe.each([...signersByAlgorithm])(
  'a token that claims to be signed with %s',
  (_alg, signer) => {
    const corpus = corpusFor(signer, casesPerAlgorithm)
    const ours = ourVerifier(signer)
    const joses = joseVerifier(signer)

    test('is accepted and refused as jose.jwtVerify does, spelling aside', async () => {
      const differing: string[] = []
      const counts = { accepted: 0, refused: 0 }
      for (const { how, token } of corpus) {
        const [accepted, acceptedByJose] = [await ours(token), await joses(token)]
        counts[accepted ? 'accepted' : 'refused'] += 1
        if (accepted === acceptedByJose) continue
        if (acceptedByJose && isSpeltOtherwise(token)) continue
        differing.push(`${how}: ours ${String(accepted)}, jose ${String(acceptedByJose)}, ${token}`)
      }
      expect(differing.slice(0, 5)).toEqual([])
      // A corpus that is all good or all bad would prove nothing.
      expect(counts.accepted).toBeGreaterThan(casesPerAlgorithm / 8)
      expect(counts.refused).toBeGreaterThan(casesPerAlgorithm / 8)
    }, 20_000)

    test('is refused in each other spelling of it that jose lets through', async () => {
      const token = signer.token({ alg: signer.alg }, { sub: 'alice' })
      const [header = '', payload = '', signature = ''] = token.split('.')
      const otherSpellings = [
        `${header}.${payload}.${signature} `,
        `${header}.${payload}.${signature.slice(0, 9)}\n${signature.slice(9)}`,
        `${header}.${payload}.${signature.replaceAll('-', '+').replaceAll('_', '/')}=`,
        ...unusedBits(signature).map((other) => `${header}.${payload}.${other}`),
      ]
      expect([await ours(token), await joses(token)]).toEqual([true, true])
      for (const other of otherSpellings) expect(await ours(other)).toBe(false)
      const letThrough = await Promise.all(otherSpellings.map(joses))
      expect(letThrough).toContain(true)
    })
  },
)

// The last character of base64url may hold bits that stand for nothing; they must be zero (RFC 4648 section 3.5).
function unusedBits(encoded: string) {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  const bytes = Buffer.from(encoded, 'base64url')
  return Array.from(alphabet)
    .map((last) => `${encoded.slice(0, -1)}${last}`)
    .filter((other) => other !== encoded && Buffer.from(other, 'base64url').equals(bytes))
}
