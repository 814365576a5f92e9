import type { Cause } from './evidence.js'
import { failed } from './evidence.js'
import { readTokenParts } from '../token-parts.js'

const boundSentAsBearer: Cause = (evidence) =>
  failed(evidence, 'binding') &&
  evidence.proof === undefined &&
  'the token is bound to a key or a certificate: send it with its proof ("Authorization: DPoP …" and a "DPoP" header), and let the API ask for it with "proofOfPossession".'

const otherAddress: Cause = (evidence) => {
  if (!failed(evidence, 'binding') || evidence.proof === undefined) return undefined
  const htu = readTokenParts(evidence.proof).payload?.['htu']
  const { publicUrl } = evidence
  if (typeof htu !== 'string' || publicUrl === undefined || !URL.canParse(htu)) return undefined
  const made = new URL(htu)
  const expected = new URL(`${publicUrl.replace(/\/$/, '')}${evidence.tried.url}`)
  if (made.protocol !== expected.protocol) {
    return 'the proof was made for another scheme (http or https) than the one clients call: a proxy ends TLS, or "publicUrl" is wrong.'
  }
  if (made.host !== expected.host) {
    return 'the proof was made for another host than "publicUrl" names.'
  }
  return (
    made.pathname !== expected.pathname &&
    'the proof was made for another path: a prefix that a proxy takes away belongs into "publicUrl".'
  )
}

const otherProof: Cause = (evidence) =>
  failed(evidence, 'binding') &&
  'the proof does not fit the token or the request: its key, method, address, time or "ath" is another.'

/** Causes that lie in the proof of possession. */
export const proofCauses: readonly Cause[] = [boundSentAsBearer, otherAddress, otherProof]
