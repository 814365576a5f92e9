/**
 * Finds the name that was most likely meant: the same but for case, else the one that the fewest typing
 * errors lead to, as long as they are few for its length.
 */
export function nearestName(name: string, known: Iterable<string>): string | undefined {
  const wanted = name.toLowerCase()
  let nearest: string | undefined
  let least = Math.min(3, Math.floor(wanted.length / 3)) + 1
  for (const candidate of known) {
    const errors = typingErrors(wanted, candidate.toLowerCase())
    if (errors >= least) continue
    nearest = candidate
    least = errors
  }
  return nearest
}

// Letters too many, too few, wrong, or two in each other's place.
function typingErrors(one: string, other: string): number {
  let before: number[] = []
  let last = Array.from({ length: other.length + 1 }, (_, index) => index)
  for (let row = 1; row <= one.length; row += 1) {
    const errors = [row]
    for (let column = 1; column <= other.length; column += 1) {
      const isSame = one[row - 1] === other[column - 1]
      const isSwapped = one[row - 1] === other[column - 2] && one[row - 2] === other[column - 1]
      errors.push(
        Math.min(
          (last[column] as number) + 1,
          (errors[column - 1] as number) + 1,
          (last[column - 1] as number) + (isSame ? 0 : 1),
          isSwapped && row > 1 && column > 1 ? (before[column - 2] as number) + 1 : Infinity,
        ),
      )
    }
    before = last
    last = errors
  }
  return last[other.length] as number
}
