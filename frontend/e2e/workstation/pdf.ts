import { execFileSync } from 'node:child_process'
import { python } from './place'

const READ =
    'import sys; from pypdf import PdfReader; print(*(page.extract_text() for page in PdfReader(sys.argv[1]).pages), sep="\\n")'

/** The text of all pages. Throws where the file is no PDF. */
export function pdfText(path: string): string {
    return execFileSync(python(), ['-c', READ, path], { encoding: 'utf8' })
}
