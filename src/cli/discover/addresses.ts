/** RFC 9728 section 3.1: where the metadata of a resource is found by its path. */
export function pathInsertedAddress({ origin, pathname, search }: URL): string {
  const path = pathname === '/' ? '' : pathname
  return `${origin}/.well-known/oauth-protected-resource${path}${search}`
}

/** Where it is found otherwise. */
export function rootAddress({ origin }: URL): string {
  return `${origin}/.well-known/oauth-protected-resource`
}

/** The addresses of an authorization server's metadata, in the order in which MCP clients try them. */
export function serverAddresses(issuer: string): readonly string[] {
  if (!URL.canParse(issuer)) return []
  const { origin, pathname } = new URL(issuer)
  const path = pathname.replace(/\/$/, '')
  const oauth = `${origin}/.well-known/oauth-authorization-server${path}`
  const openid = `${origin}/.well-known/openid-configuration${path}`
  return path === ''
    ? [oauth, openid]
    : [oauth, openid, `${origin}${path}/.well-known/openid-configuration`]
}

/** How the `resource` of a document fits the URL that was called. */
export function fitOf(resource: unknown, called: URL): 'exact' | 'root slash' | 'prefix' | 'other' {
  if (typeof resource !== 'string' || !URL.canParse(resource)) return 'other'
  if (resource === called.href) return 'exact'
  const { origin, pathname, href } = new URL(resource)
  if (href === called.href) return 'root slash'
  const base = pathname.endsWith('/') ? pathname : `${pathname}/`
  const fits = origin === called.origin && `${called.pathname}/`.startsWith(base)
  return fits ? 'prefix' : 'other'
}
