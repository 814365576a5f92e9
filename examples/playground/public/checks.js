// The checks of a token in the order of the walk, the error codes that mean one has failed, and where to read on.
const checks = [
  [
    'Form',
    'Three base64url parts, JSON inside',
    ['ERR_BEARER_REQUEST_INVALID', 'ERR_TOKEN_MALFORMED'],
    'answers.md',
  ],
  [
    'Introspection',
    'The issuer says what it means',
    ['ERR_TOKEN_INACTIVE', 'ERR_INTROSPECTION_UNAVAILABLE'],
    'introspection/README.md',
  ],
  [
    'Algorithm',
    'One that the keys allow, never none',
    ['ERR_TOKEN_ALGORITHM_NOT_ALLOWED'],
    'options.md',
  ],
  ['Key', 'Known to this API', ['ERR_TOKEN_KEY_NOT_FOUND'], 'authority/README.md'],
  [
    'Signature',
    'Made with that key for these claims',
    ['ERR_TOKEN_SIGNATURE_INVALID'],
    'options.md',
  ],
  [
    'Lifetime',
    'Now, give or take five minutes',
    [
      'ERR_TOKEN_LIFETIME_MISSING',
      'ERR_TOKEN_LIFETIME_INVALID',
      'ERR_TOKEN_EXPIRED',
      'ERR_TOKEN_NOT_YET_VALID',
    ],
    'options.md',
  ],
  ['Audience', 'api://orders', ['ERR_TOKEN_AUDIENCE_INVALID'], 'options.md'],
  ['Issuer', 'https://issuer.example', ['ERR_TOKEN_ISSUER_INVALID'], 'options.md'],
  ['Type', 'at+jwt, an access token', ['ERR_TOKEN_TYPE_INVALID'], 'options.md'],
  ['Schema', 'Claims of the right shape', [], 'options.md'],
  [
    'Binding',
    'A proof, if bound to a key',
    [
      'ERR_TOKEN_CONFIRMATION_INVALID',
      'ERR_PROOF_INVALID',
      'ERR_PROOF_REPLAYED',
      'ERR_PROOF_NONCE_REQUIRED',
    ],
    'dpop/README.md',
  ],
  ['Replay', 'Not used before', [], 'options.md'],
].map(([name, about, codes, guide]) => ({ name, about, codes, guide }))

const authorization = {
  name: 'Authorization',
  about: 'Is this caller allowed on this route?',
  guide: 'policies.md',
}
const ofJwtsAlone = new Set(['Algorithm', 'Key', 'Signature', 'Type'])

/** Lists the checks before anything was sent. */
export function waitingChecks() {
  return [
    ...checks.map((check) => ({ ...check, state: offOr(check.name, 'waiting') })),
    { ...authorization, state: 'waiting' },
  ]
}

/** Tells each check's state from what the API said: the code of the token's fault, and the status. */
export function judgedChecks(outcome, status, isOpaque) {
  const failed = checks.findIndex(({ codes }) => codes.includes(outcome))
  const stateOf = ({ name }, index) => {
    if (outcome !== 'success' && (failed === -1 || index > failed)) return offOr(name, 'skipped')
    if (outcome !== 'success' && index === failed) return 'failed'
    if (ofJwtsAlone.has(name) && isOpaque) return 'opaque'
    if (name === 'Introspection' && !isOpaque) return 'unneeded'
    return offOr(name, 'passed')
  }
  return [
    ...checks.map((check, index) => ({ ...check, state: stateOf(check, index) })),
    { ...authorization, state: authorizationState(outcome, status) },
  ]
}

function authorizationState(outcome, status) {
  if (status < 400) return 'passed'
  const isJudged = outcome === 'success' || outcome === 'none'
  return isJudged && (status === 401 || status === 403) ? 'failed' : 'skipped'
}

function offOr(name, state) {
  return name === 'Schema' || name === 'Replay' ? 'off' : state
}

/** Says in a sentence what came of the checks. */
export function summarize(outcome, isGood, checks) {
  const failed = checks.find(({ state }) => state === 'failed')
  if (failed === undefined) {
    if (!isGood) return 'The request was refused before any check.'
    return outcome === 'none' ? 'No token is needed here.' : 'Every check passed.'
  }
  if (failed.name === 'Authorization') {
    return outcome === 'none'
      ? 'No token was sent, and this route asks for one.'
      : 'The token is good, but this caller may not do this.'
  }
  const fault = `the ${failed.name.toLowerCase()} check failed (${outcome})`
  return isGood ? `No token is needed here, though ${fault}.` : `Refused: ${fault}.`
}
