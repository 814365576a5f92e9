// The other libraries, each set up as well as it allows. Plain JavaScript, because their packages are
// only there once the benchmarks have run.
import { URL } from 'node:url'
import { JwtVerifier } from 'aws-jwt-verify'
import { expressjwt } from 'express-jwt'
import { auth } from 'express-oauth2-jwt-bearer'
import { createVerifier } from 'fast-jwt'
import { createRemoteJWKSet, importJWK, jwtVerify } from 'jose'
import jwksRsa from 'jwks-rsa'
import passport from 'passport'
import { ExtractJwt, Strategy } from 'passport-jwt'

const secretOrPem = ({ key, pem }) => (pem === '' ? key.export() : pem)

// A check by hand, as the README of each verifier shows it.
function byHand(verify) {
  return async (req, res, next) => {
    const [scheme, token] = (req.headers.authorization ?? '').split(' ')
    try {
      if (scheme !== 'Bearer' || token === undefined) throw new Error('no token')
      req.user = await verify(token)
      next()
    } catch (error) {
      next(Object.assign(error, { status: 401 }))
    }
  }
}

function expressJwt({ algorithm, key, issuer, audience, jwksUri }) {
  const secret =
    jwksUri === undefined
      ? key
      : jwksRsa.expressJwtSecret({ jwksUri, cache: true, rateLimit: true })
  return expressjwt({ secret, algorithms: [algorithm], issuer, audience })
}

function oauth2JwtBearer({ algorithm, key, issuer, audience, publishedAt }) {
  return algorithm === 'HS256'
    ? auth({
        issuer,
        audience,
        secret: key.export().toString('latin1'),
        tokenSigningAlg: algorithm,
      })
    : auth({ issuer, audience, jwksUri: publishedAt, tokenSigningAlg: algorithm })
}

function passportJwt({ algorithm, key, issuer, audience }) {
  const instance = new passport.Passport()
  const jwtFromRequest = ExtractJwt.fromAuthHeaderAsBearerToken()
  const options = { jwtFromRequest, secretOrKey: key, issuer, audience, algorithms: [algorithm] }
  instance.use(new Strategy(options, (payload, done) => done(null, payload)))
  return instance.authenticate('jwt', { session: false, failWithError: true })
}

function fastJwt(cache) {
  return (setting) =>
    createVerifier({
      key: secretOrPem(setting),
      algorithms: [setting.algorithm],
      allowedIss: setting.issuer,
      allowedAud: setting.audience,
      cache,
    })
}

function awsJwtVerify({ issuer, audience, jwk }) {
  const verifier = JwtVerifier.create({ issuer, audience, jwksUri: 'https://issuer.example/jwks' })
  verifier.cacheJwks({ keys: [jwk] })
  return (token) => verifier.verifySync(token)
}

function plainJose({ algorithm, jwk, issuer, audience, jwksUri }) {
  const options = { issuer, audience, algorithms: [algorithm] }
  // A CryptoKey is the form that jose uses fastest.
  const ready =
    jwksUri === undefined
      ? importJWK(jwk, algorithm)
      : Promise.resolve(createRemoteJWKSet(new URL(jwksUri)))
  return async (token) => (await jwtVerify(token, await ready, options)).payload
}

const symmetric = ['HS256']
const rsaAndEc = ['RS256', 'ES256']
const signed = [...rsaAndEc, 'PS256']
const all = [...symmetric, ...signed, 'Ed25519']

/** Who is compared: for which algorithms, as middleware, and as a bare check where there is one. */
export const peers = {
  'express-jwt': {
    algs: [...symmetric, ...signed],
    fetchesKeys: true,
    middleware: expressJwt,
  },
  'express-oauth2-jwt-bearer': {
    algs: [...symmetric, ...signed],
    fetchesKeys: true,
    middleware: oauth2JwtBearer,
  },
  'passport-jwt': { algs: [...symmetric, ...signed], middleware: passportJwt },
  'fast-jwt': {
    algs: all,
    check: fastJwt(false),
    middleware: (setting) => byHand(fastJwt(false)(setting)),
  },
  'fast-jwt, cached': {
    algs: all,
    caches: true,
    check: fastJwt(10_000),
    middleware: (setting) => byHand(fastJwt(10_000)(setting)),
  },
  'aws-jwt-verify': {
    algs: [...rsaAndEc, 'Ed25519'],
    check: awsJwtVerify,
    middleware: (setting) => byHand(awsJwtVerify(setting)),
  },
  jose: {
    algs: all,
    fetchesKeys: true,
    check: plainJose,
    middleware: (setting) => byHand(plainJose(setting)),
  },
}
