/**
 * The same picture with a palette. Colours beyond the 256 most common become the nearest of those.
 * @param png as Chromium makes it: eight bits a channel, red, green and blue, perhaps with alpha, not interlaced
 */
export function palettePng(png: Buffer): Buffer
