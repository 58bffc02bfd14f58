import com.ibm.icu.lang.UCharacter;
import com.ibm.icu.lang.UProperty;
import com.ibm.icu.lang.UScript;
import com.ibm.icu.text.Normalizer2;
import com.ibm.icu.text.SpoofChecker;
import com.ibm.icu.util.VersionInfo;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.BitSet;
import java.util.StringJoiner;

/** Writes confusables.txt and characters.txt into the folder that is its argument: see generate. */
public class Tables {
    static final int LIMIT = 0x110000;

    public static void main(String[] args) throws IOException {
        try (PrintWriter out = open(args[0], "confusables.txt")) {
            out.println("# Prototypes of confusable characters (UTS 39, Section 4), as \"character prototype...\",");
            out.println("# of the characters that canonical decomposition leaves as they are.");
            confusables(out);
        }
        try (PrintWriter out = open(args[0], "characters.txt")) {
            out.println("# Ranges of code points as \"first last what...\": the scripts of their Script_Extensions");
            out.println("# property, and \"-\" for Default_Ignorable_Code_Point. What is not here is unassigned.");
            characters(out);
        }
    }

    static PrintWriter open(String folder, String name) throws IOException {
        PrintWriter out = new PrintWriter(Path.of(folder, name).toFile(), "UTF-8");
        out.println("# Written by Tables.java: do not edit. Unicode " + UCharacter.getUnicodeVersion().getVersionString(3, 3)
            + ", from ICU4J " + VersionInfo.ICU_VERSION.getVersionString(2, 2) + ".");
        out.println("# Data by Unicode, Inc., under the terms in LICENSE-UNICODE.");
        return out;
    }

    static void confusables(PrintWriter out) {
        SpoofChecker checker = new SpoofChecker.Builder().build();
        Normalizer2 nfd = Normalizer2.getNFDInstance();
        for (int c = 0; c < LIMIT; c++) {
            if (Character.getType(c) == Character.SURROGATE || ignorable(c)) {
                continue;
            }
            String text = new String(Character.toChars(c));
            if (!nfd.isNormalized(text)) {
                continue;
            }
            String prototype = checker.getSkeleton(text);
            if (prototype.equals(text)) {
                continue;
            }
            StringJoiner line = new StringJoiner(" ");
            line.add(String.format("%04X", c));
            prototype.codePoints().forEach(p -> line.add(String.format("%04X", p)));
            out.println(line);
        }
    }

    static void characters(PrintWriter out) {
        int first = 0;
        String what = describe(0);
        for (int c = 1; c <= LIMIT; c++) {
            String next = c < LIMIT ? describe(c) : null;
            if (what.equals(next)) {
                continue;
            }
            if (!what.isEmpty()) {
                out.println(String.format("%04X %04X %s", first, c - 1, what));
            }
            first = c;
            what = next;
        }
    }

    static String describe(int c) {
        if (ignorable(c)) {
            return "-";
        }
        int type = UCharacter.getType(c);
        if (type == UCharacter.UNASSIGNED || type == UCharacter.SURROGATE || type == UCharacter.PRIVATE_USE) {
            return "";
        }
        BitSet scripts = new BitSet();
        UScript.getScriptExtensions(c, scripts);
        StringJoiner names = new StringJoiner(" ");
        scripts.stream().mapToObj(UScript::getName).sorted().forEach(names::add);
        return names.toString();
    }

    static boolean ignorable(int c) {
        return UCharacter.hasBinaryProperty(c, UProperty.DEFAULT_IGNORABLE_CODE_POINT);
    }
}
