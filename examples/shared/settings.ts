/**
 * Reads a whole number from the environment, and ends the example with one line when the value is none.
 *
 * @param range - The least and the most that will do.
 */
export function readNumber(
  name: string,
  fallback: number,
  [least, most]: readonly [number, number],
): number {
  const text = process.env[name]
  if (text === undefined) return fallback
  const value = Number(text)
  const isGood = text.trim() !== '' && Number.isInteger(value) && value >= least && value <= most
  return isGood ? value : giveUp(`${name} must be a number from ${least} to ${most}, got "${text}"`)
}

/** Reads a port, which is 0 for one that the system chooses. */
export function readPort(fallback: number, most = 65_535): number {
  return readNumber('PORT', fallback, [0, most])
}

/** Reads something that is on with `1` and off with `0`, or when nobody says anything. */
export function readSwitch(name: string): boolean {
  const text = process.env[name] ?? '0'
  return text === '1' || (text !== '0' && giveUp(`${name} must be 0 or 1, got "${text}"`))
}

/** Ends the example with the one line that says what its user has to do. */
export function giveUp(line: string): never {
  console.error(line)
  process.exit(1)
}
