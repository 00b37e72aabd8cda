// QR codes by camera or photo. The browser's own detector where there is one
// (many phones sold here have none), else jsQR, loaded when it is needed.

interface Detector {
  detect(source: ImageBitmapSource): Promise<{ rawValue: string }[]>
}
type Detectors = { new (o: { formats: string[] }): Detector; getSupportedFormats(): Promise<string[]> }

const mostBytes = 20 << 20
const mostPixels = 1600 // of the longer side: a code needs no more, an old phone no more memory

let known: Promise<Detector | null> | null = null

function detector(): Promise<Detector | null> {
  known ??= (async () => {
    const D = (globalThis as unknown as { BarcodeDetector?: Detectors }).BarcodeDetector
    try {
      return D && (await D.getSupportedFormats()).includes('qr_code') ? new D({ formats: ['qr_code'] }) : null
    } catch {
      return null // said to be there, and its service is not
    }
  })()
  return known
}

/** Whether a camera can be asked for: a secure address and a browser that has one. */
export const hasCamera = (): boolean => window.isSecureContext && !!navigator.mediaDevices?.getUserMedia

function pixels(source: CanvasImageSource, width: number, height: number, most: number): ImageData | null {
  const scale = Math.min(1, most / Math.max(width, height))
  const canvas = document.createElement('canvas')
  canvas.width = Math.max(1, Math.round(width * scale))
  canvas.height = Math.max(1, Math.round(height * scale))
  const context = canvas.getContext('2d')
  if (!context) return null
  context.drawImage(source, 0, 0, canvas.width, canvas.height)
  return context.getImageData(0, 0, canvas.width, canvas.height)
}

async function find(source: ImageBitmap | HTMLVideoElement, width: number, height: number, most: number): Promise<string> {
  const d = await detector()
  if (d) {
    try {
      const found = await d.detect(source)
      if (found[0]) return found[0].rawValue
    } catch {
      // its service failed: the other way
    }
  }
  const { default: jsQR } = await import('jsqr')
  for (const size of [most, most / 2]) { // a blurred photo is read when it is smaller
    const data = pixels(source, width, height, size)
    const code = data && jsQR(data.data, data.width, data.height, { inversionAttempts: 'attemptBoth' })
    if (code?.data) return code.data
  }
  return ''
}

/** The text of the code in a photo; empty where there is none. It throws of what is no photo. */
export async function scanPhoto(file: File): Promise<string> {
  if (file.size > mostBytes) throw new Error('too big')
  const image = await createImageBitmap(file)
  try {
    return await find(image, image.width, image.height, mostPixels)
  } finally {
    image.close()
  }
}

/** Looks through the camera until a code is seen or the signal ends it; empty when it was ended. */
export async function scanCamera(video: HTMLVideoElement, signal: AbortSignal): Promise<string> {
  const stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: 'environment' } })
  try {
    video.srcObject = stream
    await video.play()
    while (!signal.aborted) {
      const text = video.videoWidth ? await find(video, video.videoWidth, video.videoHeight, 800) : ''
      if (text) return text
      await new Promise((r) => window.setTimeout(r, 150))
    }
    return ''
  } finally {
    stream.getTracks().forEach((t) => t.stop())
    video.srcObject = null
  }
}
