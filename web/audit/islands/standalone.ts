/** The script of the page that verifies files without a server. */
export {};
