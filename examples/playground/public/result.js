import { decodeToken, describeTimes } from './token.js'

const element = (id) => document.getElementById(id)

const stateTexts = {
  waiting: '',
  passed: 'passed',
  failed: 'failed',
  skipped: 'not reached',
  off: 'not set up here',
  opaque: 'not for opaque tokens',
  unneeded: 'not for JWTs',
}

/** Shows what was sent, the status in large, a sentence about it, and why. */
export function showAnswer({ sent, status, summary, why = '', guide = 'answers.md', tone }) {
  element('sent').hidden = false
  element('sent').textContent = sent
  element('answer').dataset.tone = tone
  element('status').textContent = status
  element('summary').textContent = summary
  element('why').parentElement.hidden = why === ''
  element('why').replaceChildren(...withCode(why))
  element('guide').href = `guides/${guide}`
  element('guide').textContent = `Guide: ${guide.replace('/README.md', '')}`
}

/** Shows the challenge and the body; text from the network stays text. */
export function showResponse(challenge, body) {
  // Of several challenges each has a line.
  showText('challenge', challenge?.replaceAll(/, (?=(?:Bearer|DPoP)(?: |$))/g, '\n'))
  showText('body', pretty(body))
}

/** Lists the checks, each with its state. */
export function showChecks(checks) {
  element('checks').replaceChildren(
    ...checks.map(({ name, about, state }) => {
      const item = document.createElement('li')
      item.dataset.state = state
      item.append(span('check', name), span('about', about), span('state', stateTexts[state]))
      return item
    }),
  )
}

/**
 * Shows a token as it was sent, and what it says; of an opaque one, what its issuer said.
 *
 * Gives its claims.
 */
export function showToken({ token, proof }, answer) {
  const decoded = token === undefined ? undefined : (decodeToken(token) ?? readAnswer(answer))
  element('raw').replaceChildren(...coloured(token, decoded?.header !== undefined))
  element('proved').hidden = proof === undefined
  element('proof').textContent = proof ?? ''
  element('decoded').hidden = decoded === undefined
  element('undecoded').hidden = token === undefined || decoded !== undefined
  if (decoded === undefined) return undefined
  element('header').textContent =
    decoded.header === undefined
      ? 'none: the issuer of this opaque token says what it means'
      : JSON.stringify(decoded.header, undefined, 2)
  element('claims').textContent = JSON.stringify(decoded.claims, undefined, 2)
  element('times').replaceChildren(
    ...describeTimes(decoded.claims).map((text) => {
      const item = document.createElement('li')
      item.textContent = text
      return item
    }),
  )
  return decoded.claims
}

function readAnswer(answer) {
  return answer ? { claims: JSON.parse(decodeURIComponent(answer)) } : undefined
}

// What stands in backticks becomes code; all of it stays text.
function withCode(text) {
  return text.split('`').map((part, index) => {
    if (index % 2 === 0) return part
    const code = document.createElement('code')
    code.textContent = part
    return code
  })
}

function coloured(token, isToken) {
  if (token === undefined) return [span('empty', 'none')]
  if (!isToken) return [token]
  const [header, claims, signature] = token.split('.')
  return [span('header-part', header), '.', span('claims-part', claims), '.', signature]
}

function showText(id, text) {
  element(id).textContent = text || 'none'
  element(id).classList.toggle('empty', !text)
}

function pretty(text) {
  try {
    return JSON.stringify(JSON.parse(text), undefined, 2)
  } catch {
    return text
  }
}

function span(name, text) {
  const made = document.createElement('span')
  made.className = name
  made.textContent = text
  return made
}
