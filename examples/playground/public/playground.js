import { judgedChecks, summarize, waitingChecks } from './checks.js'
import { showAnswer, showChecks, showResponse, showToken } from './result.js'

const form = document.getElementById('request')
const paste = document.getElementById('paste')
const pasted = document.getElementById('pasted')

showChecks(waitingChecks())
showPaste()
form.addEventListener('change', showPaste)
form.addEventListener('submit', (event) => {
  event.preventDefault()
  if (form.ariaBusy !== 'true') void send(new FormData(form))
})

function showPaste() {
  paste.hidden = new FormData(form).get('caller') !== 'pasted'
}

async function send(choice) {
  form.ariaBusy = 'true'
  const caller = choice.get('caller')
  const [method, path] = choice.get('route').split(' ')
  const sent = `${method} ${path}, ${nameOf(caller)}`
  let token
  try {
    token = await tokenOf(caller)
    const response = await fetch(path, { method, headers: headersFor(token), cache: 'no-store' })
    await show(sent, response)
  } catch (error) {
    showNothing(sent, error)
  }
  showToken(token)
  form.ariaBusy = 'false'
  bringIntoView(document.getElementById('answer'))
}

function nameOf(caller) {
  return form.querySelector(`input[value="${caller}"]`).parentElement.textContent.trim()
}

async function tokenOf(caller) {
  if (caller === 'nobody') return undefined
  if (caller === 'pasted') return pasted.value.trim() || undefined
  const response = await fetch(`/demo/tokens/${caller}`)
  return response.text()
}

function headersFor(token) {
  if (token === undefined) return {}
  try {
    return new Headers({ Authorization: `Bearer ${token}` })
  } catch (cause) {
    throw new RangeError('A browser cannot send this text in a header.', { cause })
  }
}

async function show(sent, response) {
  const outcome = response.headers.get('Demo-Outcome')
  const checks = judgedChecks(outcome, response.status)
  showAnswer({
    sent,
    status: `${response.status} ${response.statusText}`,
    summary: summarize(outcome, response.ok, checks),
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

// On a phone the answer is below the form.
function bringIntoView(answer) {
  const { top, bottom } = answer.getBoundingClientRect()
  if (top >= 0 && bottom <= window.innerHeight) return
  const isCalm = window.matchMedia('(prefers-reduced-motion: reduce)').matches
  answer.scrollIntoView({ behavior: isCalm ? 'auto' : 'smooth', block: 'start' })
}
