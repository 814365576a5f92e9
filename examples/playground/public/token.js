const units = [
  ['day', 86400],
  ['hour', 3600],
  ['minute', 60],
  ['second', 1],
]
const labels = { iat: 'Issued', nbf: 'Valid from', exp: 'Expires' }

/** Takes a token apart for reading; nothing is verified. Gives nothing for text that is no token. */
export function decodeToken(token) {
  const parts = token.split('.')
  try {
    const [header, claims] = parts.slice(0, 2).map(decodePart)
    return parts.length === 3 && isObject(header) && isObject(claims)
      ? { header, claims }
      : undefined
  } catch {
    return undefined
  }
}

/** Tells whether a token is one that the API reads itself: it begins with a header in JSON. */
export function isJwt(token) {
  try {
    return token.includes('.') && isObject(decodePart(token.split('.')[0]))
  } catch {
    return false
  }
}

/** Says in words when a token begins and ends. */
export function describeTimes(claims) {
  return Object.entries(labels).flatMap(([claim, label]) => {
    const instant = new Date(claims[claim] * 1000)
    if (typeof claims[claim] !== 'number' || Number.isNaN(instant.getTime())) return []
    return [`${label} ${relative(instant)}, ${instant.toLocaleString()}`]
  })
}

function decodePart(part) {
  const binary = atob(part.replaceAll('-', '+').replaceAll('_', '/'))
  const bytes = Uint8Array.from(binary, (character) => character.charCodeAt(0))
  return JSON.parse(new TextDecoder().decode(bytes))
}

function isObject(value) {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function relative(instant) {
  const seconds = Math.round((instant.getTime() - Date.now()) / 1000)
  const [unit, size] = units.find(([, length]) => Math.abs(seconds) >= length * 0.95) ?? [
    'second',
    1,
  ]
  return new Intl.RelativeTimeFormat('en', { numeric: 'auto' }).format(
    Math.round(seconds / size),
    unit,
  )
}
