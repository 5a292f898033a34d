export { shellQuote as quote } from '../base/shell-word.ts';
