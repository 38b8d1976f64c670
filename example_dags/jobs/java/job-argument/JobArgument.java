package example;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;

/**
 * The ONE argument that a job gets from the operators' dictionary parameters: a JSON object with those of
 * method_id, dag_id, method_args_dict, input_base_dir_path, output_base_dir_path, input_filenames_dict and
 * output_filenames_dict that the task gave. A dependency jar: the group "prod" adds it to its jobs.
 */
public final class JobArgument {
    private final JsonNode argument;

    private JobArgument(JsonNode argument) {
        this.argument = argument;
    }

    /** Reads the arguments of main; throws IllegalArgumentException unless there is one, a JSON object. */
    public static JobArgument parse(String[] arguments) {
        if (arguments.length != 1) {
            throw new IllegalArgumentException("expected one JSON object, got " + arguments.length + " arguments");
        }
        try {
            JsonNode node = new ObjectMapper().readTree(arguments[0]);
            if (!node.isObject()) {
                throw new IllegalArgumentException("expected a JSON object, got: " + arguments[0]);
            }
            return new JobArgument(node);
        } catch (JsonProcessingException error) {
            throw new IllegalArgumentException("expected a JSON object, got: " + arguments[0], error);
        }
    }

    /** Which of its methods the job runs. */
    public String methodId() {
        return demand("method_id").asText();
    }

    /** A whole number out of method_args_dict. */
    public int number(String name) {
        return demand("method_args_dict", name).asInt();
    }

    /** The path of an input: its name in input_filenames_dict below input_base_dir_path. */
    public String input(String name) {
        return demand("input_base_dir_path").asText() + "/" + demand("input_filenames_dict", name).asText();
    }

    /** The path of an output: its name in output_filenames_dict below output_base_dir_path. */
    public String output(String name) {
        return demand("output_base_dir_path").asText() + "/" + demand("output_filenames_dict", name).asText();
    }

    private JsonNode demand(String... keys) {
        JsonNode node = argument;
        for (String key : keys) {
            node = node.path(key);
        }
        if (node.isMissingNode()) {
            throw new IllegalArgumentException("the task did not give " + String.join(".", keys) + ": " + argument);
        }
        return node;
    }
}
