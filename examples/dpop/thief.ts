import { createHash } from 'node:crypto'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'

/** Tries a token that was copied out of a log, without the key that it is bound to. */
export async function tryToken(
  token: string,
  url: string,
): Promise<[what: string, answer: string][]> {
  const { privateKey, publicKey } = await generateKeyPair('ES256')
  const jwk = await exportJWK(publicKey)
  const proof = await new SignJWT({
    jti: crypto.randomUUID(),
    htm: 'GET',
    htu: url,
    iat: Math.floor(Date.now() / 1000),
    ath: createHash('sha256').update(token).digest('base64url'),
  })
    .setProtectedHeader({ typ: 'dpop+jwt', alg: 'ES256', jwk })
    .sign(privateKey)
  const tries: [what: string, headers: Record<string, string>][] = [
    ['with the token as a bearer token', { Authorization: `Bearer ${token}` }],
    ['with the token and no proof', { Authorization: `DPoP ${token}` }],
    ['with a proof by another key', { Authorization: `DPoP ${token}`, DPoP: proof }],
  ]
  const answers: [what: string, answer: string][] = []
  for (const [what, headers] of tries) {
    const { status, headers: answer } = await fetch(url, { headers })
    answers.push([what, `${status} ${answer.get('www-authenticate') ?? ''}`])
  }
  return answers
}
