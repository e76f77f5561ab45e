/** A JPEG to something that a canvas draws: an ImageBitmap, or an <img> where there are none. */
export async function decodeJpeg(blob) {
  if (globalThis.createImageBitmap) return createImageBitmap(blob);
  const image = new Image();
  const address = URL.createObjectURL(blob);
  try {
    image.src = address;
    await image.decode();
    return image;
  } finally {
    URL.revokeObjectURL(address);
  }
}
