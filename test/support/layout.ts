import type { Page } from 'playwright-core'

/** Names pairs of controls that share more than a hair's breadth; a label and its own field are one control. */
export function overlappingControls(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const controls = [
      ...document.querySelectorAll('a, button, label, input, textarea, select, summary'),
    ].filter((each) => each.checkVisibility() && each.getClientRects().length > 0)
    const nameOf = (each: Element) =>
      `${each.localName} ${each.textContent.trim() || each.id || (each as HTMLInputElement).value}`
    const pairs: string[] = []
    for (const [index, one] of controls.entries()) {
      for (const other of controls.slice(index + 1)) {
        if (one.contains(other) || other.contains(one)) continue
        // A link that goes on in the next line has a rectangle for each.
        const meets = [...one.getClientRects()].some((a) =>
          [...other.getClientRects()].some(
            (b) =>
              Math.min(a.right, b.right) - Math.max(a.left, b.left) > 1 &&
              Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 1,
          ),
        )
        if (meets) pairs.push(`${nameOf(one)} / ${nameOf(other)}`)
      }
    }
    return pairs
  })
}

/** Names controls that something else lies on, once they are scrolled into sight. */
export function coveredControls(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const controls = [...document.querySelectorAll('a, button, input, textarea, select')]
    const { scrollX, scrollY } = window
    const covered = controls.filter((each) => {
      if (!each.checkVisibility()) return false
      each.scrollIntoView({ block: 'nearest' })
      const [box] = each.getClientRects()
      if (box === undefined) return true
      const hit = document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2)
      return hit === null || !(each.contains(hit) || hit.closest('label')?.contains(each))
    })
    window.scrollTo(scrollX, scrollY)
    return covered.map((each) => each.outerHTML.slice(0, 120))
  })
}

/** Tells whether the page is wider than its window. */
export function scrollsSideways(page: Page): Promise<boolean> {
  return page.evaluate(() => document.documentElement.scrollWidth > window.innerWidth)
}

/** Names texts whose contrast with what they stand on is below 4.5 to 1 (WCAG 2.2, 1.4.3). */
export function faintTexts(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const channels = (colour: string) => (colour.match(/[\d.]+/g) ?? []).map(Number)
    const luminance = (colour: number[]) => {
      const [red = 0, green = 0, blue = 0] = colour.map((value) => {
        const part = value / 255
        return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
      })
      return 0.2126 * red + 0.7152 * green + 0.0722 * blue
    }
    const groundOf = (each: Element | null): number[] => {
      if (each === null)
        return matchMedia('(prefers-color-scheme: dark)').matches ? [0, 0, 0] : [255, 255, 255]
      const ground = channels(getComputedStyle(each).backgroundColor)
      return ground[3] === 0 ? groundOf(each.parentElement) : ground
    }
    const texts = [...document.body.querySelectorAll('*')].filter(
      (each) =>
        each.checkVisibility() &&
        [...each.childNodes].some((node) => node.nodeType === 3 && node.textContent?.trim()),
    )
    return texts.flatMap((each) => {
      const shades = [luminance(channels(getComputedStyle(each).color)), luminance(groundOf(each))]
      const contrast = (Math.max(...shades) + 0.05) / (Math.min(...shades) + 0.05)
      return contrast < 4.5
        ? [`${each.localName} ${each.textContent.trim().slice(0, 40)}: ${contrast.toFixed(2)}`]
        : []
    })
  })
}
