import { describe, expect, test } from 'vitest'
import { normaliseUri, targetPath } from '../../src/dpop/target-uri.js'

describe('normaliseUri', () => {
  test.each([
    ['an address', 'https://api.example.com/p', 'https://api.example.com/p'],
    ['scheme and host in capitals', 'HTTPS://API.Example.COM/P', 'https://api.example.com/P'],
    ['the default port', 'https://a.example:443/p', 'https://a.example/p'],
    ['the default port of http', 'http://a.example:80/p', 'http://a.example/p'],
    ['a port without a number', 'https://a.example:/p', 'https://a.example/p'],
    ['another port', 'https://a.example:8443/p', 'https://a.example:8443/p'],
    ['the port of another scheme', 'https://a.example:80/p', 'https://a.example:80/p'],
    ['no path', 'https://a.example', 'https://a.example/'],
    ['no path before a query', 'https://a.example?a=/x', 'https://a.example/'],
    ['a query and a fragment', 'https://a.example/p?b=2#f', 'https://a.example/p'],
    ['a fragment alone', 'https://a.example/p#f?x', 'https://a.example/p'],
    ['an address of IPv6', 'http://[::1]:3000/p', 'http://[::1]:3000/p'],
    ['a dot at the end of the host', 'https://a.example./p', 'https://a.example./p'],
    ['escapes of unreserved characters', 'https://a.example/%70%2D%7e', 'https://a.example/p-~'],
    ['escapes in small letters', 'https://a.example/a%2fb%c3%a9', 'https://a.example/a%2Fb%C3%A9'],
    ['an escape in the host', 'https://%61.example/p', 'https://a.example/p'],
    ['a broken escape', 'https://a.example/%zz%', 'https://a.example/%zz%'],
    [
      'characters that clients leave',
      'https://a.example/a|b{c}"[',
      'https://a.example/a%7Cb%7Bc%7D%22%5B',
    ],
    [
      'characters that may stand',
      "https://a.example/a:@!$&'()*+,;=-._~",
      "https://a.example/a:@!$&'()*+,;=-._~",
    ],
    ['a dot segment', 'https://a.example/a/./b', 'https://a.example/a/b'],
    ['two dots', 'https://a.example/a/../b', 'https://a.example/b'],
    ['two dots above the root', 'https://a.example/../../b', 'https://a.example/b'],
    ['two dots at the end', 'https://a.example/a/b/..', 'https://a.example/a/'],
    ['two dots that leave nothing', 'https://a.example/a/..', 'https://a.example/'],
    ['one dot at the end', 'https://a.example/a/.', 'https://a.example/a/'],
    ['dots as escapes', 'https://a.example/a/%2e%2E/b', 'https://a.example/b'],
    ['dots in names', 'https://a.example/a./..b/...', 'https://a.example/a./..b/...'],
    ['an empty segment', 'https://a.example//a', 'https://a.example//a'],
    ['a slash at the end', 'https://a.example/p/', 'https://a.example/p/'],
    ['an @ in the path', 'https://a.example/@me', 'https://a.example/@me'],
  ])('writes %s in the one way', (_name, uri, expected) => {
    expect(normaliseUri(uri)).toBe(expected)
  })

  test.each([
    ['no text', 5],
    ['nothing', undefined],
    ['an empty text', ''],
    ['a path', '/p'],
    ['an address without slashes', 'https:api.example.com/p'],
    ['one slash', 'https:/api.example.com/p'],
    ['a backslash', 'https://api.example.com\\p'],
    ['a backslash in the query', 'https://api.example.com/p?\\'],
    ['a user name', 'https://u@api.example.com/p'],
    ['a user name and password', 'https://u:p@api.example.com/p'],
    ['an empty user name', 'https://@api.example.com/p'],
    ['another scheme', 'ftp://api.example.com/p'],
    ['no host', 'https:///p'],
    ['a port alone', 'https://:443/p'],
    ['a port that is no number', 'https://api.example.com:x/p'],
    ['a space', 'https://api.example.com/a b'],
    ['a tab', 'https://api.exa\tmple.com/p'],
    ['a line feed at the end', 'https://api.example.com/p\n'],
    ['white space in front', ' https://api.example.com/p'],
    ['a letter beyond ASCII', 'https://api.example.com/é'],
    ['a list', ['https://api.example.com/p']],
  ])('reads no address in %s', (_name, uri) => {
    expect(normaliseUri(uri)).toBeUndefined()
  })
})

describe('targetPath', () => {
  test.each([
    ['a path', '/p', '/p'],
    ['a query', '/p?a=1', '/p'],
    ['a fragment', '/p#/../x', '/p'],
    ['dots in the query', '/p?/../x', '/p'],
    ['a backslash in the query', '/p?\\', '/p'],
    ['an absolute target', 'http://evil.example/p?x', '/p'],
    ['an absolute target without a path', 'https://evil.example', '/'],
    ['an absolute target without a path but a query', 'https://evil.example?x', '/'],
    ['two slashes in front', '//evil.example/p', '//evil.example/p'],
    ['nothing', '', '/'],
    ['escapes', '/%70%2f', '/p%2F'],
    ['bytes beyond ASCII', '/\xc3\xa9', '/%C3%A9'],
    ['a character beyond bytes', '/€', '/%E2%82%AC'],
    ['names with dots', '/.well-known/..a/b..', '/.well-known/..a/b..'],
  ])('reads %s', (_name, target, expected) => {
    expect(targetPath(target)).toBe(expected)
  })

  test.each([
    ['a dot segment', '/x/./p'],
    ['two dots', '/x/../p'],
    ['two dots at the end', '/x/..'],
    ['a dot at the end', '/x/.'],
    ['dots as escapes', '/x/%2e%2E/p'],
    ['dots, one as an escape', '/x/.%2e/p'],
    ['a dot segment of an absolute target', 'http://evil.example/../p'],
    ['a backslash', '/x\\p'],
    ['every resource', '*'],
    ['no slash in front', '.evil.example/p'],
    ['an authority', 'api.example.com:443'],
    ['no text', undefined],
  ])('takes no proof for %s', (_name, target) => {
    expect(targetPath(target)).toBeUndefined()
  })
})
