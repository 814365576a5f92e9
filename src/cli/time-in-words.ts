const units: readonly (readonly [seconds: number, name: string])[] = [
  [86_400, 'day'],
  [3_600, 'hour'],
  [60, 'minute'],
  [1, 'second'],
]

/** Says how long a duration is, in the largest unit that it fills. */
export function durationInWords(seconds: number): string {
  const whole = Math.round(Math.abs(seconds))
  const [size, name] = units.find(([unit]) => whole >= unit) ?? [1, 'second']
  const count = Math.floor(whole / size)
  return `${count} ${name}${count === 1 ? '' : 's'}`
}

/** Says when a NumericDate is; nothing when no date can be made of it. */
export function instantInWords(value: unknown, now: number): string | undefined {
  if (typeof value !== 'number') return undefined
  const date = new Date(value * 1000)
  if (Number.isNaN(date.getTime())) return undefined
  const away = value - now / 1000
  const distance = durationInWords(away)
  return `${date.toISOString()} (${away < 0 ? `${distance} ago` : `in ${distance}`})`
}
