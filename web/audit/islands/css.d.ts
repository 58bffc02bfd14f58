/** The text of a style sheet: see options in internal/bundle/build.go. */
declare module "*.css" {
  const text: string;
  export default text;
}
