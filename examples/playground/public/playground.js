import { chooseEditedClaims, credentialsFor, nameOf, showEditors } from './callers.js'
import { judgedChecks, summarize, waitingChecks } from './checks.js'
import { offerCurl } from './curl.js'
import { showAnswer, showChecks, showResponse, showToken } from './result.js'
import { isJwt } from './token.js'

const form = document.getElementById('request')
let shownClaims

showChecks(waitingChecks())
showEditors(form)
form.addEventListener('change', () => showEditors(form))
form.addEventListener('submit', (event) => {
  event.preventDefault()
  if (form.ariaBusy !== 'true') void send(new FormData(form))
})
document.getElementById('edit-claims').addEventListener('click', () => {
  chooseEditedClaims(form, shownClaims)
})

async function send(choice) {
  form.ariaBusy = 'true'
  const caller = choice.get('caller')
  const [method, path] = choice.get('route').split(' ')
  const sent = `${method} ${path}, ${nameOf(form, caller)}`
  const target = { method, path }
  let credentials = {}
  let response
  try {
    credentials = await credentialsFor(caller, target)
    const { headers } = credentials
    response = await fetch(path, { method, headers: sendable(headers), cache: 'no-store' })
    await show(sent, response, credentials)
    offerCurl(target, headers, () => credentialsFor(caller, target))
  } catch (error) {
    showNothing(sent, error)
    offerCurl()
  }
  shownClaims = showToken(credentials, response?.headers.get('Demo-Claims'))
  form.ariaBusy = 'false'
  bringIntoView(document.getElementById('answer'))
}

function sendable(headers) {
  try {
    return new Headers(headers)
  } catch (cause) {
    throw new RangeError('A browser cannot send this text in a header.', { cause })
  }
}

async function show(sent, response, { token }) {
  const outcome = response.headers.get('Demo-Outcome')
  const isOpaque = token !== undefined && !isJwt(token)
  const checks = judgedChecks(outcome, response.status, isOpaque)
  showAnswer({
    sent,
    status: `${response.status} ${response.statusText}`,
    summary: summarize(outcome, response.ok, checks),
    why: decodeURIComponent(response.headers.get('Demo-Explanation') ?? ''),
    guide: checks.find(({ state }) => state === 'failed')?.guide,
    tone: response.ok ? 'good' : 'bad',
  })
  showChecks(checks)
  showResponse(response.headers.get('WWW-Authenticate'), await response.text())
}

function showNothing(sent, error) {
  const isUnsendable = error instanceof RangeError
  showAnswer({
    sent,
    status: isUnsendable ? 'Not sent' : 'No answer',
    summary: isUnsendable ? error.message : 'The API does not answer. Is it still running?',
    tone: 'bad',
  })
  showChecks(waitingChecks())
  showResponse('', '')
}

// On a phone the answer is below the form. At once: what scrolls slowly is out of sight for that long.
function bringIntoView(answer) {
  const { top, bottom } = answer.getBoundingClientRect()
  if (top < 0 || bottom > window.innerHeight) answer.scrollIntoView({ block: 'start' })
}
