import { createHash, sign, verify, type KeyObject } from 'node:crypto'
import { jwtBearer, type JwtBearerMiddleware } from 'express-jwt-bearer'
import { createMemoryReplayCache, dpop } from 'express-jwt-bearer/dpop'
import { ourOptions, settingOf } from './contenders.js'
import { costOf, type Cost } from './cpu.js'
import { generateMaterial, keysOf, makeToken, nameOf, type Alg, type Keys } from './material.js'
import { inRounds, ratios, summarise, type Row } from './measure.js'

const publicUrl = 'https://api.example.com'
const primitive = 'primitive on the spot'
const algs: readonly Alg[] = ['ES256', 'Ed25519', 'RS256']

/** What a proof costs, the token being remembered and the proof's key kept. */
export async function measure({ quick }: { quick: boolean }): Promise<Row[]> {
  const rows: Row[] = []
  for (const alg of algs) rows.push(...(await measureAlg(alg, quick)))
  return rows
}

async function measureAlg(alg: Alg, quick: boolean): Promise<Row[]> {
  const issuerKeys = keysOf(generateMaterial('RS256'))
  const [client, stranger] = [keysOf(generateMaterial(alg)), keysOf(generateMaterial(alg))]
  const token = makeToken(issuerKeys, 1, { claims: { cnf: { jkt: thumbprintOf(client.key) } } })
  const count = quick ? 2000 : 5000
  const rounds = quick ? 3 : 9
  const proofs = Array.from({ length: count }, (_, number) => proofOf(client, token, number))
  const foreign = proofs.map((_, number) => proofOf(stranger, token, number))
  const options = ourOptions(settingOf(issuerKeys, 'https://issuer.example/jwks'))
  const middleware = () => {
    const replayCache = createMemoryReplayCache()
    return jwtBearer({ ...options, proofOfPossession: dpop({ publicUrl, replayCache }) })
  }

  // A cache of its own for each round, in which no proof has been used.
  let ours = middleware()
  const one = {
    costs: [] as Cost[],
    run: () => inTurn(proofs, (proof) => walk(ours, token, proof)),
  }
  const other = {
    costs: [] as Cost[],
    run: () => inTurn(foreign, (proof) => walk(ours, token, proof)),
  }
  const least = { costs: [] as Cost[], run: () => inTurn(proofs, primitiveOf(client)) }
  await inRounds(rounds + 1, [one, other, least], async (contender) => {
    if (contender === one) {
      ours = middleware()
      const accepted = await walk(ours, token, proofOf(client, token, -1))
      if (!accepted) throw new Error(`a good proof with ${alg} was refused`)
    }
    const cost = await costOf(contender.run(), count)
    contender.costs.push(cost)
    return cost.main
  })
  const of = ({ costs }: typeof one, thread: keyof Cost) =>
    costs.slice(1).map((cost) => cost[thread])
  return [
    {
      section: 'dpop',
      what: `proof, ${alg}, token remembered and key kept`,
      unit: `× ${primitive}, main thread`,
      ours: ratios(of(one, 'main'), of(least, 'main')),
      peers: {},
      target: { atMost: 1.25 },
      limit: '1.00',
    },
    {
      section: 'dpop',
      what: `proof, ${alg}, token remembered and key kept`,
      unit: 'µs, main thread',
      ours: summarise(of(one, 'main')),
      peers: { [primitive]: summarise(of(least, 'main')) },
    },
    {
      section: 'dpop',
      what: `proof, ${alg}, by a foreign key`,
      unit: '× a good one, whole process',
      ours: ratios(of(other, 'process'), of(one, 'process')),
      peers: {},
      target: { atMost: 0.33 },
    },
  ]
}

function inTurn(proofs: readonly string[], check: (proof: string) => unknown): () => unknown {
  let index = 0
  return () => check(proofs[index++ % proofs.length] as string)
}

function walk(
  middleware: JwtBearerMiddleware,
  token: string,
  proof: string,
): Promise<boolean> | boolean {
  const authorization = `DPoP ${token}`
  const req = {
    method: 'GET',
    originalUrl: '/orders',
    headers: { host: '127.0.0.1', authorization, dpop: proof } as object,
    rawHeaders: ['Host', '127.0.0.1', 'Authorization', authorization, 'DPoP', proof],
    user: undefined as unknown,
  }
  let accepted: boolean | undefined
  let arrived: ((accepted: boolean) => void) | undefined
  middleware(req as never, response as never, () => {
    accepted = req.user !== undefined
    arrived?.(accepted)
  })
  if (accepted !== undefined) return accepted
  return new Promise((resolve) => {
    arrived = resolve
  })
}

// Nobody writes to it: what is measured here ends at next(), and nothing is answered.
const response = Object.create(null) as object

function proofOf({ alg, signingKey, key }: Keys, token: string, number: number): string {
  const header = { typ: 'dpop+jwt', alg: nameOf(alg), jwk: key.export({ format: 'jwk' }) }
  const claims = {
    jti: `6f1c2a50-8e36-4a27-9d1c-${String(number)}`,
    htm: 'GET',
    htu: `${publicUrl}/orders`,
    // Counts for as long as a full run takes.
    iat: Math.floor(Date.now() / 1000),
    ath: createHash('sha256').update(token).digest('base64url'),
  }
  const signed = `${encode(header)}.${encode(claims)}`
  const hash = alg === 'Ed25519' ? null : 'sha256'
  const signature = sign(hash, Buffer.from(signed), { key: signingKey, dsaEncoding: 'ieee-p1363' })
  return `${signed}.${signature.toString('base64url')}`
}

function encode(part: object): string {
  return Buffer.from(JSON.stringify(part)).toString('base64url')
}

function thumbprintOf(key: KeyObject): string {
  const jwk = key.export({ format: 'jwk' }) as Record<string, unknown>
  const members = Object.keys(jwk).sort()
  const text = JSON.stringify(Object.fromEntries(members.map((name) => [name, jwk[name]])))
  return createHash('sha256').update(text).digest('base64url')
}

// The signature alone, taken apart beforehand as far as can be.
function primitiveOf({ alg, key }: Keys): (proof: string) => boolean {
  const hash = alg === 'Ed25519' ? null : 'sha256'
  return (proof) => {
    const end = proof.lastIndexOf('.')
    return verify(
      hash,
      Buffer.from(proof.slice(0, end), 'latin1'),
      { key, dsaEncoding: 'ieee-p1363' },
      Buffer.from(proof.slice(end + 1), 'base64url'),
    )
  }
}
