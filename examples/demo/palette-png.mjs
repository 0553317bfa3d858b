/** @module Makes a picture small: its 256 most common colours, of which pages have few more. Source: PNG, third edition. */
import { crc32, deflateSync, inflateSync } from 'node:zlib'

const signatureBytes = 8
const mostColours = 256

/**
 * The same picture with a palette. Colours beyond the 256 most common become the nearest of those.
 * @param {Buffer} png as Chromium makes it: eight bits a channel, red, green and blue, perhaps with alpha, not interlaced
 */
export function palettePng(png) {
  const { width, height, pixels } = pixelsOf(png)
  const counts = new Map()
  for (const colour of pixels) counts.set(colour, (counts.get(colour) ?? 0) + 1)
  const common = [...counts].sort(([, one], [, other]) => other - one).slice(0, mostColours)
  const palette = common.map(([colour]) => colour)
  const places = new Map(palette.map((colour, place) => [colour, place]))
  for (const colour of counts.keys()) if (!places.has(colour)) places.set(colour, nearest(palette, colour))

  // Each line begins with its filter: none.
  const lines = Buffer.alloc(height * (width + 1))
  for (const [at, colour] of pixels.entries()) {
    lines[at + Math.floor(at / width) + 1] = places.get(colour)
  }
  const header = Buffer.alloc(13)
  header.writeUInt32BE(width)
  header.writeUInt32BE(height, 4)
  header.set([8, 3, 0, 0, 0], 8)
  return Buffer.concat([
    png.subarray(0, signatureBytes),
    chunk('IHDR', header),
    chunk('PLTE', Buffer.from(palette.flatMap(channelsOf))),
    chunk('IDAT', deflateSync(lines, { level: 9, memLevel: 9 })),
    chunk('IEND', Buffer.alloc(0)),
  ])
}

const channelsOf = (colour) => [colour >> 16, (colour >> 8) & 255, colour & 255]

function nearest(palette, colour) {
  const wanted = channelsOf(colour)
  const distances = palette.map((one) =>
    channelsOf(one).reduce((sum, channel, index) => sum + (channel - wanted[index]) ** 2, 0),
  )
  return distances.indexOf(Math.min(...distances))
}

/** The colours of all pixels, row by row: the filters of section 9 undone. */
function pixelsOf(png) {
  const chunks = chunksOf(png)
  const header = chunks.find(({ type }) => type === 'IHDR').content
  const [width, height] = [header.readUInt32BE(0), header.readUInt32BE(4)]
  const channels = header[9] === 6 ? 4 : 3
  const data = chunks.filter(({ type }) => type === 'IDAT').map(({ content }) => content)
  const raw = inflateSync(Buffer.concat(data))
  const size = width * channels
  let above = Buffer.alloc(size)
  const pixels = new Uint32Array(width * height)
  for (let row = 0; row < height; row += 1) {
    const filter = raw[row * (size + 1)]
    const line = Buffer.from(raw.subarray(row * (size + 1) + 1, (row + 1) * (size + 1)))
    for (let at = 0; at < size; at += 1) {
      const left = at < channels ? 0 : line[at - channels]
      const corner = at < channels ? 0 : above[at - channels]
      line[at] += predicted(filter, left, above[at], corner)
    }
    for (let column = 0; column < width; column += 1) {
      const at = column * channels
      pixels[row * width + column] = (line[at] << 16) | (line[at + 1] << 8) | line[at + 2]
    }
    above = line
  }
  return { width, height, pixels }
}

function predicted(filter, left, up, corner) {
  if (filter === 1) return left
  if (filter === 2) return up
  if (filter === 3) return (left + up) >> 1
  if (filter !== 4) return 0
  const guess = left + up - corner
  const [toLeft, toUp, toCorner] = [left, up, corner].map((one) => Math.abs(guess - one))
  if (toLeft <= toUp && toLeft <= toCorner) return left
  return toUp <= toCorner ? up : corner
}

function chunksOf(png) {
  const chunks = []
  for (let at = signatureBytes; at < png.length; ) {
    const length = png.readUInt32BE(at)
    const type = png.toString('latin1', at + 4, at + 8)
    chunks.push({ type, content: png.subarray(at + 8, at + 8 + length) })
    at += 12 + length
  }
  return chunks
}

function chunk(type, content) {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), content])
  const [length, check] = [Buffer.alloc(4), Buffer.alloc(4)]
  length.writeUInt32BE(content.length)
  check.writeUInt32BE(crc32(body))
  return Buffer.concat([length, body, check])
}
