const warned = new Set<string>()

/** Says once per process that something kept in memory is no good where there is more than one process. */
export function warnInProduction(what: string, consequence: string): void {
  if (process.env['NODE_ENV'] !== 'production' || warned.has(what)) return
  warned.add(what)
  process.emitWarning(`${what} lives in the memory of this process: ${consequence}`, {
    code: 'EXPRESS_JWT_BEARER_MEMORY',
  })
}
