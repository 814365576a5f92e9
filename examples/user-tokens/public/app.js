const $ = (id) => document.getElementById(id)
const mostEvents = 12
const reconnectAfter = 1000
const tokenLifetime = 20_000

const sentences = {
  tokenRetrieved: () => 'A new token came from the identity provider',
  tokenFailed: ({ code }) => `No token: ${code}`,
  accessDeniedRetry: () => 'The API refused the token; sent again with a new one',
  sessionEnded: ({ reason }) => (reason === 'signedOut' ? 'Signed out' : 'The session is over'),
  storeFailed: () => 'The store cannot be reached; the new token waits in memory',
  revocationFailed: () => 'The identity provider could not be told of the sign-out',
}

let expiration
let renewals = 0

function showSignedOut() {
  $('signed-out').hidden = false
  $('signed-in').hidden = true
  $('sign-out').hidden = true
}

function showToken(token, expires) {
  if (expires === undefined) return
  if ($('token').value !== '–' && $('token').value !== token) renewals += 1
  $('token').value = token
  $('renewals').textContent = renewals
  expiration = new Date(expires)
  $('refreshed').textContent = new Date(expiration - tokenLifetime).toLocaleTimeString()
  $('stored').textContent = `${token}…`
  $('until').textContent = expiration.toLocaleTimeString()
  showSecondsLeft()
}

function showSecondsLeft() {
  if (!expiration) return
  const left = Math.max(0, (expiration - Date.now()) / 1000)
  $('left').value = left
  $('seconds').textContent = `${left.toFixed(0)} seconds left`
}

function addEvent(text) {
  const entry = document.createElement('li')
  const time = document.createElement('time')
  time.textContent = new Date().toLocaleTimeString()
  const words = document.createElement('span')
  words.textContent = text
  entry.append(time, words)
  $('events').prepend(entry)
  while ($('events').childElementCount > mostEvents) $('events').lastElementChild.remove()
}

const handlers = {
  weather({ status, weather, token, expiration: expires }) {
    $('state').textContent = 'Connected: the server pushes a measurement every two seconds'
    showToken(token, expires)
    if (status !== 200) return addEvent(`The API answered ${status}`)
    $('temperature').value = `${weather.temperature.toFixed(1)} °C`
    $('measured').textContent =
      `Measured for ${weather.for} at ${new Date(weather.measuredAt).toLocaleTimeString()}`
  },
  event({ event }) {
    addEvent(sentences[event.kind]?.(event) ?? event.kind)
  },
  failure({ code }) {
    $('state').textContent = `Waiting: ${code}`
  },
  signedOut() {
    showSignedOut()
  },
}

function connect() {
  const socket = new WebSocket(`ws://${location.host}/live`)
  socket.addEventListener('message', ({ data }) => {
    const message = JSON.parse(data)
    handlers[message.kind](message)
  })
  socket.addEventListener('close', () => {
    if ($('signed-in').hidden) return
    $('state').textContent = 'The connection was lost; connecting again'
    setTimeout(connect, reconnectAfter)
  })
}

$('call').addEventListener('click', async () => {
  const response = await fetch('/weather')
  const body = await response.json()
  // Without a code it is the API that says no, and that to a token that is new.
  if (response.status === 401 && body.code !== undefined) return showSignedOut()
  $('answer').textContent = response.ok
    ? `${response.status}: ${body.temperature.toFixed(1)} °C`
    : `${response.status}: ${body.code ?? body.error}`
})

$('renew').addEventListener('click', async () => {
  const response = await fetch('/renew', { method: 'POST' })
  if (response.status === 401) return showSignedOut()
  const body = await response.json()
  if (response.ok) showToken(body.token, body.expiration)
})

const { name } = await (await fetch('/me')).json()
if (name === undefined) {
  showSignedOut()
  $('problem').hidden = !location.search.includes('problem')
  $('problem').textContent = 'The sign-in did not work; please try again.'
} else {
  $('name').textContent = name
  $('who').textContent = name
  $('seen').textContent = document.cookie === '' ? 'nothing' : 'its value'
  $('sign-out').hidden = false
  $('signed-in').hidden = false
  connect()
  setInterval(showSecondsLeft, 250)
}
