import { ConfigurationError } from '../core/errors.js'
import type { SourceOptions } from '../core/keys/source-options.js'
import {
  checkMethods,
  checkNames,
  readClock,
  readFunction,
  readSeconds,
  readText,
} from '../core/option-checks.js'
import type { TokenReplayCache } from '../core/validation/parameters.js'
import type { ValidationSettings } from '../core/validation/settings.js'
import type { DenyList } from '../core/deny-list.js'
import { resolveLogoutRules } from './logout-rules.js'
import type { EndableSessionStore } from './session-store.js'

/** Who has signed out at the issuer. */
export interface LogoutNotice {
  /** The session at the issuer; where it is there, that session alone has ended. */
  readonly sid?: string | undefined
  /** The user, as the issuer names them. */
  readonly sub?: string | undefined
  /** When the issuer said so: whatever was opened later goes on. */
  readonly issuedAt: Date
}

/** What {@link backchannelLogout} accepts. */
export interface BackchannelLogoutOptions extends SourceOptions {
  /** Base URL of the issuer, whose metadata says where its keys are. */
  authority?: string | undefined
  /** URL of the metadata, where it does not follow from the authority. */
  metadataAddress?: string | undefined
  /** URL of the key set, where there is no metadata; `issuer` is then needed. */
  jwksUri?: string | undefined
  /** The `iss` of logout tokens, beside `jwksUri`. */
  issuer?: string | undefined
  /** The name of this app at the issuer, which logout tokens are meant for. */
  clientId: string
  /**
   * Remembers which logout tokens were used, so that each works once: `createMemoryReplayCache()` for one
   * process, `createRedisReplayCache()` or `createPostgresReplayCache()` for several.
   */
  replayCache: TokenReplayCache
  /** Is told whose access tokens stop at once, where APIs ask it. */
  denyList?: DenyList | undefined
  /** Where sessions are ended: the store of `createSession()`. */
  store?: EndableSessionStore | undefined
  /** Ends what is kept elsewhere. May be called twice for one sign-out; a throw has the issuer try again. */
  onLogout?: ((notice: LogoutNotice) => unknown) | undefined
  /**
   * How many seconds access tokens live at most, which is how long they are denied.
   *
   * @defaultValue `86400`
   */
  accessTokenLifetime?: number | undefined
  /**
   * Whether metadata and keys must be fetched over `https:`.
   *
   * @remarks On a plain `http:` connection anyone on the path can replace the keys and sign users out.
   *
   * @defaultValue `true`
   */
  requireHttpsMetadata?: boolean | undefined
  /**
   * Fetches metadata and keys.
   *
   * @defaultValue The global `fetch`.
   */
  fetch?: typeof globalThis.fetch | undefined
  /**
   * The time in milliseconds.
   *
   * @defaultValue `Date.now`
   */
  clock?: (() => number) | undefined
  /**
   * How far, in seconds, the issuer's clock may differ from ours.
   *
   * @defaultValue `300`
   */
  clockSkew?: number | undefined
}

/** The options, complete and checked. */
export interface LogoutSettings {
  readonly validation: ValidationSettings
  readonly clientId: string
  readonly replayCache: TokenReplayCache
  readonly denyList: DenyList | undefined
  readonly store: EndableSessionStore | undefined
  readonly onLogout: BackchannelLogoutOptions['onLogout']
  readonly accessTokenLifetime: number
  readonly clockSkew: number
  readonly clock: () => number
}

// Typed as a map over the interface, so that a new option cannot be forgotten here.
const names: { readonly [Name in keyof Required<BackchannelLogoutOptions>]: true } = {
  authority: true,
  metadataAddress: true,
  jwksUri: true,
  issuer: true,
  clientId: true,
  replayCache: true,
  denyList: true,
  store: true,
  onLogout: true,
  accessTokenLifetime: true,
  requireHttpsMetadata: true,
  fetch: true,
  clock: true,
  clockSkew: true,
}

const day = 86_400

/**
 * Checks the options and fills in the defaults.
 *
 * @throws {@link ConfigurationError} when they could not work or would not be safe.
 */
export function resolveLogout(options: BackchannelLogoutOptions): LogoutSettings {
  checkNames(options, Object.keys(names), 'the options of backchannelLogout()')
  const { replayCache, denyList, store } = options
  const clientId = readText(options.clientId, 'clientId')
  if (clientId === undefined) {
    throw new ConfigurationError(
      '"clientId" is missing: a logout token is meant for one client; set it to the name of this app at the issuer',
    )
  }
  checkMethods(replayCache, 'replayCache', ['addIfAbsent'])
  if (denyList !== undefined) checkMethods(denyList, 'denyList', ['deny'])
  if (store !== undefined) checkMethods(store, 'store', ['endBySid', 'endBySub'])
  const onLogout = readFunction(options.onLogout, 'onLogout')
  if ((denyList ?? store ?? onLogout) === undefined) {
    throw new ConfigurationError(
      'nothing would end: set at least one of "denyList", "store" and "onLogout"',
    )
  }
  const clockSkew = readSeconds(options.clockSkew, 'clockSkew', 300, 3600)
  const clock = readClock(options.clock)
  return Object.freeze({
    validation: resolveLogoutRules(options, { clientId, clockSkew, clock }),
    clientId,
    replayCache,
    denyList,
    store,
    onLogout,
    accessTokenLifetime: readLifetime(options.accessTokenLifetime),
    clockSkew,
    clock,
  })
}

function readLifetime(value: unknown): number {
  const lifetime = readSeconds(value, 'accessTokenLifetime', day, 31 * day)
  if (lifetime > 0) return lifetime
  throw new ConfigurationError(
    '"accessTokenLifetime" must be more than 0 seconds: for as long access tokens are denied',
  )
}
