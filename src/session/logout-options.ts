import { ConfigurationError } from '../core/errors.js'
import { asymmetricAlgorithms } from '../core/keys/algorithms.js'
import { createConfigurationManager } from '../core/keys/configuration-manager.js'
import { readMetadataSource, type SourceOptions } from '../core/keys/source-options.js'
import {
  checkMethods,
  checkNames,
  readClock,
  readFunction,
  readSeconds,
  readText,
} from '../core/option-checks.js'
import { checkAudience, checkLifetime } from '../core/validation/claims.js'
import { checkIssuer } from '../core/validation/issuer-checks.js'
import type { TokenReplayCache } from '../core/validation/parameters.js'
import type { ValidationSettings } from '../core/validation/settings.js'
import type { DenyList } from '../issuer/deny-list.js'
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
    validation: validationOf(options, { clientId, clockSkew, clock }),
    clientId,
    replayCache,
    denyList,
    store,
    onLogout,
    accessTokenLifetime: readSeconds(
      options.accessTokenLifetime,
      'accessTokenLifetime',
      day,
      31 * day,
    ),
    clockSkew,
    clock,
  })
}

function validationOf(
  options: BackchannelLogoutOptions,
  { clientId, clockSkew, clock }: Pick<LogoutSettings, 'clientId' | 'clockSkew' | 'clock'>,
): ValidationSettings {
  const source = readMetadataSource(options)
  const issuer = readText(options.issuer, 'issuer')
  if (source === undefined) {
    throw new ConfigurationError(
      'no key source: set "authority" or "metadataAddress", or "jwksUri" and "issuer", to fetch the issuer\'s keys',
    )
  }
  if ((source.jwksUri === undefined) !== (issuer === undefined)) {
    throw new ConfigurationError(
      '"issuer" and "jwksUri" belong together: a key set does not say whose it is, and metadata does',
    )
  }
  const fetch: typeof globalThis.fetch =
    readFunction(options.fetch, 'fetch') ?? ((...request) => globalThis.fetch(...request))
  const trust = createConfigurationManager(
    {
      source,
      backchannel: { fetch, requireHttps: options.requireHttpsMetadata ?? true },
      refreshOnIssuerKeyNotFound: true,
      automaticRefreshInterval: day / 2,
      refreshInterval: 30,
      lastKnownGoodLifetime: 3600,
      backchannelTimeout: 5,
      clock,
    },
    [],
  )
  const audiences = new Set([clientId])
  return {
    trust,
    algorithms: new Set(asymmetricAlgorithms),
    tryAllIssuerSigningKeys: true,
    validateIssuerSigningKey: false,
    clockSkew,
    clock,
    checks: [
      checkLifetime({ requireExpirationTime: true, clockSkew, clock }),
      checkAudience(audiences),
      checkIssuer(new Set(issuer === undefined ? [] : [issuer])),
    ],
    checksOfEveryUse: [],
    acceptsAudience: audiences.has.bind(audiences),
  }
}
