import java.io.BufferedReader;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;

import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;

/**
 * Reads files as Hadoop does: a line in is paths with blanks between them, a line out is what Hadoop makes of them.
 *
 * <p>An answer is "name:raw:effective:final " for each name, texts as "=" and base64, "-" for none, "!" for a failure;
 * or "!" and the exception. The line "?" is answered by Hadoop's table of deprecated names, ended by a point.
 */
public class ReadConfiguration {
    public static void main(String[] arguments) throws Exception {
        PrintStream out = new PrintStream(new FileOutputStream(FileDescriptor.out), true, StandardCharsets.UTF_8);
        System.setOut(System.err); // where logs go, if they are set up before anything else is printed
        new Configuration(false).get("x");
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            String answer;
            if (line.equals("?")) {
                System.setOut(out);
                Configuration.dumpDeprecatedKeys();
                System.setOut(System.err);
                out.println(".");
                continue;
            }
            try {
                answer = read(line.split(" "));
            } catch (Exception | StackOverflowError error) {
                answer = "!" + encode(String.valueOf(error));
                System.gc(); // Hadoop closes no file whose reading failed, and files that include each other are many
            }
            out.println(answer);
        }
    }

    private static String read(String[] paths) {
        Configuration configuration = new Configuration(false);
        for (String path : paths) {
            if (!path.isEmpty()) {
                configuration.addResource(new Path(path));
            }
        }
        TreeMap<String, String> raw = new TreeMap<>();
        for (Map.Entry<String, String> entry : configuration) {
            raw.put(entry.getKey(), entry.getValue());
        }
        TreeSet<String> finals = new TreeSet<>(configuration.getFinalParameters());
        StringBuilder answer = new StringBuilder();
        for (Map.Entry<String, String> entry : raw.entrySet()) {
            answer.append(encode(entry.getKey())).append(':');
            answer.append(encode(entry.getValue())).append(':');
            answer.append(effective(configuration, entry.getKey())).append(':');
            answer.append(finals.remove(entry.getKey()) ? "1" : "0").append(' ');
        }
        for (String name : finals) {
            answer.append(encode(name)).append(":-:-:1 ");
        }
        return answer.toString();
    }

    private static String effective(Configuration configuration, String name) {
        try {
            String value = configuration.get(name);
            return value == null ? "-" : encode(value);
        } catch (IllegalStateException error) {
            return "!";
        }
    }

    private static String encode(String text) {
        return "=" + Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.UTF_8)).replace("=", "");
    }
}
