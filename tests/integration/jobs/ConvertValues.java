import java.io.BufferedReader;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Base64;

import scala.Function1;

import org.apache.spark.internal.config.ConfigEntry;

/**
 * Which values Spark's own converters take: a line in is "key text", the text in base64; a line out is "1", "0" or,
 * for a key that none of the holders declares, "?".
 *
 * <p>The arguments are the classes that declare keys.
 */
public class ConvertValues {
    public static void main(String[] holders) throws Exception {
        PrintStream out = new PrintStream(new FileOutputStream(FileDescriptor.out), true, StandardCharsets.UTF_8);
        System.setOut(System.err);
        for (String holder : holders) {
            Class.forName(holder);
        }
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            String[] words = line.split(" ", -1);
            String text = new String(Base64.getDecoder().decode(words[1]), StandardCharsets.UTF_8);
            ConfigEntry<?> entry = ConfigEntry.findEntry(words[0]);
            out.println(entry == null ? "?" : takes(entry, text) ? "1" : "0");
        }
    }

    @SuppressWarnings("unchecked")
    private static boolean takes(ConfigEntry<?> entry, String text) {
        Function1<String, Object> converter = (Function1<String, Object>) entry.valueConverter();
        try {
            converter.apply(text);
            return true;
        } catch (RuntimeException refused) {
            return false;
        }
    }
}
