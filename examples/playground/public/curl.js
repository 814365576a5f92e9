const element = (id) => document.getElementById(id)
let write

element('copy').addEventListener('click', () => void copy())

/** Offers the request as a line for a terminal, or nothing where none was sent. */
export function offerCurl(target, headers, credentialsAnew) {
  element('actions').hidden = target === undefined
  element('curl').hidden = true
  element('copied').textContent = ''
  write = async () => {
    if (headers.DPoP === undefined) return curlLine(target, headers)
    const fresh = await credentialsAnew()
    return curlLine(target, fresh.headers)
  }
}

async function copy() {
  const line = await write()
  element('curl').textContent = line
  element('curl').hidden = false
  // A proof works once, so the line has one of its own.
  const note = line.includes('DPoP: ') ? ' Its proof is a new one: good once, for a minute.' : ''
  try {
    await navigator.clipboard.writeText(line)
    element('copied').textContent = `Copied.${note}`
  } catch {
    window.getSelection().selectAllChildren(element('curl'))
    element('copied').textContent = `The line is selected: copy it.${note}`
  }
}

function curlLine({ method, path }, headers) {
  const words = ['curl', '-i', ...(method === 'GET' ? [] : ['-X', method])]
  for (const [name, value] of Object.entries(headers)) words.push('-H', quote(`${name}: ${value}`))
  return [...words, window.location.origin + path].join(' ')
}

// In a shell nothing counts between single quotes but their end.
function quote(text) {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`
}
