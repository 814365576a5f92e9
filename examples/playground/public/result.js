import { decodeToken, describeTimes } from './token.js'

const element = (id) => document.getElementById(id)

const stateTexts = {
  waiting: '',
  passed: 'passed',
  failed: 'failed',
  skipped: 'not reached',
  off: 'not set up here',
}

/** Shows what was sent, the status in large and a sentence about it. */
export function showAnswer({ sent, status, summary, tone }) {
  element('sent').hidden = false
  element('sent').textContent = sent
  element('answer').dataset.tone = tone
  element('status').textContent = status
  element('summary').textContent = summary
}

/** Shows the challenge and the body; text from the network stays text. */
export function showResponse(challenge, body) {
  showText('challenge', challenge)
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

/** Shows a token as it was sent, and what it says. */
export function showToken(token) {
  const decoded = token === undefined ? undefined : decodeToken(token)
  element('raw').replaceChildren(...coloured(token, decoded !== undefined))
  element('decoded').hidden = decoded === undefined
  element('undecoded').hidden = token === undefined || decoded !== undefined
  if (decoded === undefined) return
  element('header').textContent = JSON.stringify(decoded.header, undefined, 2)
  element('claims').textContent = JSON.stringify(decoded.claims, undefined, 2)
  element('times').replaceChildren(
    ...describeTimes(decoded.claims).map((text) => {
      const item = document.createElement('li')
      item.textContent = text
      return item
    }),
  )
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
