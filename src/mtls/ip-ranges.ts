import { isIP } from 'node:net'

/** Addresses from the first to the last, both included, as numbers of 128 bits. */
export interface IpRange {
  readonly first: bigint
  readonly last: bigint
}

// RFC 4291 section 2.5.5.2: an IPv4 address is one of IPv6 as well, and sockets may show it as one.
const mapped = 0xffff_0000_0000n

const everyIpv6: IpRange = { first: 0n, last: (1n << 128n) - 1n }
const everyIpv4: IpRange = { first: mapped, last: mapped + 0xffff_ffffn }

/** Reads an address, alone or with the length of a prefix; nothing when it is neither. */
export function readIpRange(text: string): IpRange | undefined {
  const [, address = '', prefix] = /^([^/%]*)(?:\/(0|[1-9]\d{0,2}))?$/.exec(text) ?? []
  const family = isIP(address)
  const bits = family === 4 ? 32 : 128
  if (family === 0 || Number(prefix ?? bits) > bits) return undefined
  const size = 1n << BigInt(bits - Number(prefix ?? bits))
  const number = family === 4 ? mapped + ipv4Number(address) : ipv6Number(address)
  const first = number - (number % size)
  return { first, last: first + size - 1n }
}

/** Reads the address of a peer; nothing when there is none. */
export function readAddress(text: unknown): bigint | undefined {
  if (typeof text !== 'string') return undefined
  // A link-local address comes with the interface that it was met on.
  return readIpRange(text.replace(/%.*$/, ''))?.first
}

/** Tells whether ranges add up to every address of IPv4 or of IPv6. */
export function coverEverybody(ranges: readonly IpRange[]): boolean {
  return [everyIpv4, everyIpv6].some((all) => {
    let next = all.first
    for (const { first, last } of [...ranges].sort(byFirst)) {
      if (first <= next && last >= next) next = last + 1n
    }
    return next > all.last
  })
}

function byFirst(one: IpRange, other: IpRange): number {
  return one.first < other.first ? -1 : 1
}

function ipv4Number(address: string): bigint {
  return address.split('.').reduce((number, part) => number * 256n + BigInt(part), 0n)
}

function ipv6Number(address: string): bigint {
  const [head, tail] = address.split('::') as [string, string?]
  const front = groupsOf(head)
  const back = groupsOf(tail ?? '')
  const gap = Array.from(
    { length: tail === undefined ? 0 : 8 - front.length - back.length },
    () => 0n,
  )
  return [...front, ...gap, ...back].reduce((number, group) => number * 65_536n + group, 0n)
}

// The last four bytes may be written as IPv4.
function groupsOf(text: string): readonly bigint[] {
  if (text === '') return []
  return text.split(':').flatMap((group) => {
    if (!group.includes('.')) return [BigInt(`0x${group}`)]
    const number = ipv4Number(group)
    return [number >> 16n, number & 0xffffn]
  })
}
