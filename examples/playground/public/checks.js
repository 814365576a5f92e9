// The checks of a token in the order of the walk, and the error codes that mean one has failed.
const checks = [
  [
    'Form',
    'Three base64url parts, JSON inside',
    ['ERR_BEARER_REQUEST_INVALID', 'ERR_TOKEN_MALFORMED'],
  ],
  ['Algorithm', 'One that the keys allow, never none', ['ERR_TOKEN_ALGORITHM_NOT_ALLOWED']],
  ['Key', 'Known to this API', ['ERR_TOKEN_KEY_NOT_FOUND']],
  ['Signature', 'Made with that key for these claims', ['ERR_TOKEN_SIGNATURE_INVALID']],
  [
    'Lifetime',
    'Now, give or take five minutes',
    [
      'ERR_TOKEN_LIFETIME_MISSING',
      'ERR_TOKEN_LIFETIME_INVALID',
      'ERR_TOKEN_EXPIRED',
      'ERR_TOKEN_NOT_YET_VALID',
    ],
  ],
  ['Audience', 'api://orders', ['ERR_TOKEN_AUDIENCE_INVALID']],
  ['Issuer', 'https://issuer.example', ['ERR_TOKEN_ISSUER_INVALID']],
  ['Type', 'at+jwt, an access token', ['ERR_TOKEN_TYPE_INVALID']],
  ['Schema', 'Claims of the right shape', []],
  ['Replay', 'Not used before', []],
].map(([name, about, codes]) => ({ name, about, codes }))

const notSetUp = new Set(['Schema', 'Replay'])
const about = 'Is this caller allowed on this route?'

/** Lists the checks before anything was sent. */
export function waitingChecks() {
  return [
    ...checks.map(({ name, about }) => ({ name, about, state: offOr(name, 'waiting') })),
    { name: 'Authorization', about, state: 'waiting' },
  ]
}

/** Tells each check's state from what the API said: the code of the token's fault, and the status. */
export function judgedChecks(outcome, status) {
  const failed = checks.findIndex(({ codes }) => codes.includes(outcome))
  const tokenStates = checks.map(({ name }, index) => {
    if (outcome === 'success') return offOr(name, 'passed')
    if (failed === -1 || index > failed) return offOr(name, 'skipped')
    return index === failed ? 'failed' : offOr(name, 'passed')
  })
  return [
    ...checks.map(({ name, about }, index) => ({ name, about, state: tokenStates[index] })),
    { name: 'Authorization', about, state: authorizationState(outcome, status) },
  ]
}

function authorizationState(outcome, status) {
  if (status < 400) return 'passed'
  const isJudged = outcome === 'success' || outcome === 'none'
  return isJudged && (status === 401 || status === 403) ? 'failed' : 'skipped'
}

function offOr(name, state) {
  return notSetUp.has(name) ? 'off' : state
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
