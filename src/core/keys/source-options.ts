import { shownAddress } from '../../internal/shown-address.js'
import { ConfigurationError } from '../errors.js'
import { readFlag, readText, show } from '../option-checks.js'
import { addressFault, authorityFault, writtenAddressFault } from './address.js'
import type { MetadataSource } from './metadata.js'

/** Where the options say that an issuer's keys are. */
export interface SourceOptions {
  readonly authority?: string | undefined
  readonly metadataAddress?: string | undefined
  readonly jwksUri?: string | undefined
  readonly requireHttpsMetadata?: boolean | undefined
}

/**
 * Reads where an issuer's keys are; nothing when the options do not say.
 *
 * @throws {@link ConfigurationError} when an address cannot be right, or two of them contradict each other.
 */
export function readMetadataSource(options: SourceOptions): MetadataSource | undefined {
  const requireHttps = readFlag(options.requireHttpsMetadata, 'requireHttpsMetadata', true)
  const source: MetadataSource = {
    authority: readAddress(options.authority, 'authority', requireHttps),
    metadataAddress: readAddress(options.metadataAddress, 'metadataAddress', requireHttps),
    jwksUri: readAddress(options.jwksUri, 'jwksUri', requireHttps),
  }
  const { authority } = source
  const fault = authority === undefined ? undefined : authorityFault(authority)
  if (fault !== undefined) throw new ConfigurationError(`"authority" ${fault}`)
  if (source.jwksUri !== undefined && (source.authority ?? source.metadataAddress) !== undefined) {
    throw new ConfigurationError(
      '"jwksUri" takes the place of the metadata; leave out either it or "authority" and "metadataAddress"',
    )
  }
  return Object.values(source).every((address) => address === undefined) ? undefined : source
}

function readAddress(value: unknown, name: string, requireHttps: boolean): string | undefined {
  const address = readText(value, name)
  if (address === undefined) return undefined
  const fault = writtenAddressFault(address) ?? addressFault(address, requireHttps)
  if (fault === undefined) return address
  throw new ConfigurationError(`"${name}" ${fault}, got ${show(shownAddress(address))}`)
}
