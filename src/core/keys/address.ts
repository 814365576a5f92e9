import { shownAddress } from '../../internal/shown-address.js'

/** Says what is wrong with an address that documents are to be fetched from; nothing when it will do. */
export function addressFault(address: string, requireHttps: boolean): string | undefined {
  if (!URL.canParse(address)) return 'is not a URL'
  const { protocol, username, password } = new URL(address)
  // Node's fetch refuses it with a message that quotes the address.
  if (username !== '' || password !== '') {
    return 'holds a user name or password; send credentials by a "fetch" of your own'
  }
  if (protocol === 'https:' || (protocol === 'http:' && !requireHttps)) return undefined
  return protocol === 'http:'
    ? 'is not https:, so anyone on the way could replace the keys; use https:, or set "requireHttpsMetadata" to false on your own machine'
    : 'is neither https: nor http:'
}

/** Says what is wrong with an address that somebody wrote into options: slips that no server would answer. */
export function writtenAddressFault(address: string): string | undefined {
  // A URL parser takes some of them away without a word, and the issuer then seems to have another name.
  // eslint-disable-next-line no-control-regex -- they are what is looked for
  if (/[\s\u0000-\u001f\u007f-\u009f]/.test(address)) {
    return 'holds white space or a control character; write the address alone, on one line'
  }
  // A password or a query may hold anything, and is not shown.
  const placeholder = placeholderIn(shownAddress(address))
  if (placeholder === undefined) return undefined
  return `still holds the placeholder ${placeholder}; put your own value in its place`
}

// A word in capitals, as examples write what is to be filled in.
const placeholderWord =
  /^(?:(?:YOUR|MY)[_-][\w-]*|your_\w*|(?:TENANT|DOMAIN|HOST|REALM)(?:[_-]?(?:ID|NAME))?)$/

function placeholderIn(address: string): string | undefined {
  const [bracketed] = /<[^>]*>|\{[^}]*\}|%3C.*?%3E|%7B.*?%7D/i.exec(address) ?? []
  if (bracketed !== undefined) return bracketed
  const [authority = '', ...path] = address.replace(/^[a-z][a-z0-9+.-]*:\/\//i, '').split(/[/?#]/)
  const host = authority.replace(/:\d+$/, '')
  return [...host.split('.'), ...path].find((part) => placeholderWord.test(part))
}

/** Says what is wrong with an `authority` that is a URL: one that no issuer has for its name. */
export function authorityFault(authority: string): string | undefined {
  if (/[?#]/.test(authority)) {
    return 'must have no query and no fragment, which no issuer has; use "metadataAddress" for such an address'
  }
  const { origin, hostname, pathname } = new URL(authority)
  const [, issuer] = /^(.*?)\/\.well-known\//.exec(`${pathname}/`) ?? []
  if (issuer !== undefined) {
    return `is the address of a discovery document; write the issuer alone, "${origin}${issuer}", or use "metadataAddress"`
  }
  if (isEntra(hostname) && /^\/(?:common|organizations)(?:\/|$)/i.test(pathname)) {
    return 'stands for every tenant of Entra ID, while each token names its own; use "metadataAddress" with an "issuerValidator" that knows your tenants, or the address of one tenant'
  }
  return undefined
}

function isEntra(hostname: string): boolean {
  return /(?:^|\.)(?:microsoftonline\.(?:com|us|de|cn)|windows\.net|chinacloudapi\.cn|microsoft\.com)$/.test(
    hostname,
  )
}
