import { ConfigurationError } from '../core/errors.js'
import type { SymmetricKey } from '../core/keys/symmetric-key.js'
import {
  checkNames,
  readClock,
  readCount,
  readFunction,
  readSeconds,
  readText,
  readTexts,
} from '../core/option-checks.js'
import type { DenyList } from '../core/deny-list.js'
import type { IssuerEvent } from './events.js'
import type { KeyRing } from './key-ring.js'
import {
  readDenyList,
  readKeys,
  readLifetime,
  readShare,
  readStore,
  readWindow,
} from './read-options.js'
import type { RefreshStore } from './refresh-store.js'

/** What {@link createTokenIssuer} accepts. */
export interface TokenIssuerOptions {
  /** The `iss` of access tokens: an `https:` URL where others find the keys through `authority`. */
  issuer: string
  /** The `aud` of access tokens: the APIs they are for. */
  audience: string | readonly string[]
  /**
   * What signs: a key ring, or `symmetricKey(secret)` for HS256 with one shared secret.
   *
   * @defaultValue A {@link createKeyRing} in memory
   */
  keys?: KeyRing | SymmetricKey | undefined
  /**
   * Where sessions are kept.
   *
   * @defaultValue {@link createMemoryRefreshStore}
   */
  store?: RefreshStore | undefined
  /**
   * Where access tokens are revoked. Without one, a revoked session is not refreshed any more, but
   * its access tokens live on until they expire.
   */
  denyList?: DenyList | undefined
  /**
   * The client that sessions belong to unless `issue` names another one.
   *
   * @defaultValue The (first) audience
   */
  clientId?: string | undefined
  /**
   * How many seconds an access token lives.
   *
   * @defaultValue `600`
   */
  accessTokenLifetime?: number | undefined
  /**
   * By how much, from 0 to 1, lifetimes of access tokens are shortened at random, so that clients do
   * not refresh all at once.
   *
   * @defaultValue `0.05`
   */
  accessTokenJitter?: number | undefined
  /**
   * How many seconds a refresh token may stay unused.
   *
   * @defaultValue `1209600` (14 days)
   */
  idleLifetime?: number | undefined
  /**
   * How many seconds a session lasts at most, however often its tokens are refreshed.
   *
   * @defaultValue `2592000` (30 days)
   */
  absoluteLifetime?: number | undefined
  /**
   * For how many seconds after its first use, 60 at most, a refresh token is answered with the same
   * successor again, for clients whose answer was lost or who refresh twice at a time.
   *
   * @remarks A thief who uses a stolen token within this time is not noticed until then. With 0 every
   * lost answer signs its user out.
   *
   * @defaultValue `20`
   */
  reuseInterval?: number | undefined
  /**
   * How many live sessions a subject may have. One more ends the oldest.
   *
   * @defaultValue `100`
   */
  maxSessions?: number | undefined
  /**
   * The largest `clockSkew`, in seconds, among the APIs that accept the tokens. Entries of the deny
   * list outlive the tokens by that much.
   *
   * @defaultValue `300`
   */
  clockSkew?: number | undefined
  /** Is told what happens to refresh tokens. */
  onEvent?: ((event: IssuerEvent) => unknown) | undefined
  /**
   * The time in milliseconds since the epoch, for access tokens; sessions go by the store's clock.
   *
   * @defaultValue `Date.now`
   */
  clock?: (() => number) | undefined
}

/** Options with every default filled in. */
export interface TokenIssuerSettings {
  readonly issuer: string
  readonly audience: readonly [string, ...string[]]
  readonly keys: KeyRing
  readonly store: RefreshStore
  readonly denyList: DenyList | undefined
  readonly clientId: string
  readonly accessTokenLifetime: number
  readonly accessTokenJitter: number
  readonly idleLifetime: number
  readonly absoluteLifetime: number
  readonly reuseInterval: number
  readonly maxSessions: number
  readonly clockSkew: number
  readonly onEvent: ((event: IssuerEvent) => unknown) | undefined
  readonly clock: () => number
}

const day = 86_400

const known: readonly (keyof TokenIssuerOptions)[] = [
  'issuer',
  'audience',
  'keys',
  'store',
  'denyList',
  'clientId',
  'accessTokenLifetime',
  'accessTokenJitter',
  'idleLifetime',
  'absoluteLifetime',
  'reuseInterval',
  'maxSessions',
  'clockSkew',
  'onEvent',
  'clock',
]

/** Checks options and fills in defaults. */
export function resolveOptions(options: TokenIssuerOptions): TokenIssuerSettings {
  checkNames(options, known, 'the options of createTokenIssuer()')
  const issuer = readText(options.issuer, 'issuer')
  if (issuer === undefined)
    throw new ConfigurationError('"issuer" is missing: the URL of the issuer')
  const [first, ...others] = readTexts(options.audience, 'audience')
  if (first === undefined) {
    throw new ConfigurationError('"audience" is missing: name the API that the tokens are for')
  }
  const clock = readClock(options.clock)
  return {
    issuer,
    audience: [first, ...others],
    keys: readKeys(options.keys, clock),
    store: readStore(options.store, clock),
    denyList: readDenyList(options.denyList),
    clientId: readText(options.clientId, 'clientId') ?? first,
    accessTokenLifetime: readLifetime(options.accessTokenLifetime, 'accessTokenLifetime', 600, day),
    accessTokenJitter: readShare(options.accessTokenJitter, 'accessTokenJitter', 0.05),
    idleLifetime: readLifetime(options.idleLifetime, 'idleLifetime', 14 * day, 400 * day),
    absoluteLifetime: readLifetime(
      options.absoluteLifetime,
      'absoluteLifetime',
      30 * day,
      400 * day,
    ),
    reuseInterval: readWindow(options.reuseInterval, 'reuseInterval', 20),
    maxSessions: readCount(options.maxSessions, 'maxSessions', 100),
    clockSkew: readSeconds(options.clockSkew, 'clockSkew', 300, 3600),
    onEvent: readFunction(options.onEvent, 'onEvent'),
    clock,
  }
}
