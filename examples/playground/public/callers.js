const element = (id) => document.getElementById(id)

/** Shows the field of the callers who bring a token of their own. */
export function showEditors(form) {
  const caller = new FormData(form).get('caller')
  element('paste').hidden = caller !== 'pasted'
  element('edit').hidden = caller !== 'claims'
  if (caller === 'claims' && element('edited').value === '') {
    element('edited').value = JSON.stringify(readersClaims(), undefined, 2)
  }
}

/** Makes the claims that are shown the ones to edit. */
export function chooseEditedClaims(form, claims) {
  form.elements.caller.value = 'claims'
  element('edited').value = JSON.stringify(claims, undefined, 2)
  showEditors(form)
  element('edited').focus()
}

/** Says what a caller is called on the page. */
export function nameOf(form, caller) {
  return form.querySelector(`input[value="${caller}"]`).parentElement.textContent.trim()
}

/** Gets what a caller sends along: its token, and a proof where the token is bound to a key. */
export async function credentialsFor(caller, target) {
  const token = await tokenOf(caller)
  if (token === undefined) return { headers: {} }
  if (caller !== 'bound') return { token, headers: { Authorization: `Bearer ${token}` } }
  const proof = await post('/demo/proofs', { ...target, token })
  return { token, proof, headers: { Authorization: `DPoP ${token}`, DPoP: proof } }
}

async function tokenOf(caller) {
  if (caller === 'nobody') return undefined
  if (caller === 'pasted') return element('pasted').value.trim() || undefined
  if (caller === 'claims') return post('/demo/tokens', parsed(element('edited').value))
  const response = await fetch(`/demo/tokens/${caller}`)
  return response.text()
}

async function post(path, body) {
  const response = await fetch(path, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  })
  if (!response.ok) throw new RangeError('The issuer does not sign this.')
  return response.text()
}

function parsed(text) {
  let claims
  try {
    claims = JSON.parse(text)
  } catch (cause) {
    throw new RangeError(`The claims are no JSON: ${cause.message}`, { cause })
  }
  if (typeof claims === 'object' && claims !== null && !Array.isArray(claims)) return claims
  throw new RangeError('The claims must be a JSON object, in braces.')
}

function readersClaims() {
  const now = Math.floor(Date.now() / 1000)
  return {
    iss: 'https://issuer.example',
    aud: 'api://orders',
    sub: 'rita',
    name: 'Rita Reader',
    roles: ['Reader'],
    scope: 'orders.read',
    iat: now,
    exp: now + 3600,
  }
}
