// A member of a cluster at the console: says who comes and goes, and does what is typed.
//
//   dotnet run --project samples/membership -- --listen 127.0.0.1:7946 --name one
//   dotnet run --project samples/membership -- --listen 127.0.0.1:7947 --name two --discover tcp://127.0.0.1:7946
//
// Then type: members, event NAME TEXT, query NAME TEXT, publish TEXT, keys, install KEY, use KEY, remove KEY, forget NAME,
// prune NAME, leave (says good-bye), quit (goes without a word).
using System.Net;
using System.Text;
using Tidegate.Membership;

string cluster = "sample";
string? name = null;
IPEndPoint listen = new(IPAddress.Loopback, 0);
MemberMode mode = MemberMode.Serf;
List<string> discovery = [];
List<string> keys = [];
Dictionary<string, string> tags = [];
for (int i = 0; i < args.Length; i++)
{
    string Value() => i + 1 < args.Length ? args[++i] : throw new ArgumentException($"{args[i]} needs a value.");
    switch (args[i])
    {
        case "--cluster": cluster = Value(); break;
        case "--name": name = Value(); break;
        case "--listen": listen = IPEndPoint.Parse(Value()); break;
        case "--discover": discovery.Add(Value()); break;
        case "--key": keys.Add(Value()); break;
        case "--tag": string[] tag = Value().Split('=', 2); tags[tag[0]] = tag[^1]; break;
        case "--plain": mode = MemberMode.Plain; break;
        default: Console.Error.WriteLine($"{args[i]} is not an option; the first lines of Program.cs say which there are."); return 2;
    }
}

Member member;
try
{
    member = await Member.StartAsync(new MemberOptions
    {
        ClusterName = cluster,
        Name = name,
        Listen = listen,
        Discovery = discovery,
        Keys = keys,
        Tags = tags,
        Mode = mode,
    });
}
catch (Exception problem) when (problem is ArgumentException or IOException)
{
    Console.Error.WriteLine(problem.Message);
    return 1;
}

await using (member)
{
    member.MemberChanged += change => Say($"{change.Kind.ToString().ToLowerInvariant()} {Describe(change.Member)}");
    member.EventReceived += received => Say($"event {received.Name} {Text(received.Payload)}");
    member.QueryReceived += query =>
    {
        Say($"query {query.Name} {Text(query.Payload)}");
        query.Answer(Encoding.UTF8.GetBytes($"{member.Name} has read {Text(query.Payload)}"));
    };
    Say($"listening {member.Name} {member.EndPoint}");

    Task<string> stopped = member.Stopped;
    while (true)
    {
        Task<string?> typed = Task.Run(Console.ReadLine);
        if (await Task.WhenAny((Task)typed, stopped) == stopped)
        {
            Console.Error.WriteLine(await stopped);
            return 1;
        }

        if (await typed is not { } line)
        {
            // Nobody will type any more: stay a member until somebody ends this program.
            Console.Error.WriteLine(await stopped);
            return 1;
        }

        string[] words = line.Split(' ', 3, StringSplitOptions.TrimEntries);
        try
        {
            switch (words[0])
            {
                case "":
                    break;
                case "members":
                    foreach (MemberInfo known in member.View.Members)
                    {
                        Say($"member {Describe(known)}");
                    }

                    break;
                case "event":
                    member.FireEvent(words[1], Bytes(words));
                    break;
                case "query":
                    QueryResult result = await member.QueryAsync(words[1], Bytes(words));
                    foreach ((string from, ReadOnlyMemory<byte> answer) in result.Answers)
                    {
                        Say($"answer {from} {Text(answer)}");
                    }

                    break;
                case "publish":
                    member.Publish(Encoding.UTF8.GetBytes(words[1]));
                    break;
                case "keys":
                    SayKeys(await member.Keys.ListAsync());
                    break;
                case "install":
                    SayKeys(await member.Keys.InstallAsync(words[1]));
                    break;
                case "use":
                    SayKeys(await member.Keys.UseAsync(words[1]));
                    break;
                case "remove":
                    SayKeys(await member.Keys.RemoveAsync(words[1]));
                    break;
                case "forget":
                    member.ForceLeave(words[1]);
                    break;
                case "prune":
                    member.ForceLeave(words[1], prune: true);
                    break;
                case "leave":
                    Say($"leaving {(await member.LeaveAsync()).ToString().ToLowerInvariant()}");
                    return 0;
                case "quit":
                    return 0;
                default:
                    Say($"error {words[0]} is no command");
                    break;
            }
        }
        catch (Exception problem) when (problem is ArgumentException or FormatException or InvalidOperationException or IndexOutOfRangeException)
        {
            Say($"error {problem.Message}");
        }
    }
}

// Each line begins with the time, so that what two programs saw can be compared.
static void Say(string text) => Console.WriteLine($"{DateTimeOffset.UtcNow.ToUnixTimeMilliseconds()} {text}");

static string Text(ReadOnlyMemory<byte> bytes) => Encoding.UTF8.GetString(bytes.Span);

static byte[] Bytes(string[] words) => Encoding.UTF8.GetBytes(words.Length > 2 ? words[2] : "");

static string Describe(MemberInfo member) =>
    $"{member.Name} {member.EndPoint} {member.State.ToString().ToLowerInvariant()} [{string.Join(',', member.Tags.Select(tag => $"{tag.Key}={tag.Value}"))}]"
    + (member.Record is { } record ? $" {Text(record)}" : "");

static void SayKeys(KeyResult result)
{
    Say($"keys {(result.Succeeded ? "done" : "failed")} {result.Answers}/{result.Members} {string.Join(' ', result.Keys.Select(key => $"{key.Key}:{key.Value}"))}");
    foreach ((string from, string message) in result.Messages)
    {
        Say($"message {from} {message}");
    }
}
