import { checkNames, readText } from '../core/option-checks.js'

/** What every store of this entry accepts. */
export interface RedisStoreOptions {
  /**
   * The beginning of every key, to keep apps that share a server apart.
   *
   * @defaultValue `'bearer:'`
   */
  prefix?: string | undefined
}

/** Checks the names of a store's options and reads the one that all have. */
export function readPrefix(
  options: RedisStoreOptions,
  creator: string,
  others: readonly string[] = [],
): string {
  checkNames(options, ['prefix', ...others], `the options of ${creator}()`)
  return readText(options.prefix, 'prefix') ?? 'bearer:'
}
