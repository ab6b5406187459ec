using System.Text;
using Tidegate.Gateway.Configuration;

namespace Tidegate.Gateway.Tests.Configuration;

public sealed class MutatedFileTests
{
    private const int Mutations = 3000;

    [Fact]
    public void A_damaged_file_is_read_or_refused_but_never_anything_else()
    {
        var random = new Random(20160601);
        using var scratch = new ScratchDirectory();
        string path = Path.Combine(scratch.Path, "damaged.xml");
        byte[] original = File.ReadAllBytes(Repository.File("conf", "gateway-config.xml"));
        int refused = 0;
        for (int i = 0; i < Mutations; i++)
        {
            byte[] damaged = Damage(original, random);
            File.WriteAllBytes(path, damaged);
            try
            {
                ConfigurationReader.Read(path, ConfigurationText.Nothing);
            }
            catch (ConfigurationException e)
            {
                refused++;
                Assert.NotEmpty(e.Errors);
            }
            catch (Exception e)
            {
                Assert.Fail($"{e.GetType().Name} ({e.Message}) for mutation {i}:\n{Encoding.Latin1.GetString(damaged)}");
            }
        }

        Assert.InRange(refused, Mutations / 10, Mutations);
    }

    private static byte[] Damage(byte[] original, Random random)
    {
        var bytes = new List<byte>(original);
        for (int n = random.Next(1, 4); n > 0; n--)
        {
            int at = random.Next(bytes.Count);
            int length = Math.Min(random.Next(1, 40), bytes.Count - at);
            switch (random.Next(5))
            {
                case 0:
                    bytes[at] = (byte)random.Next(256);
                    break;
                case 1:
                    bytes.RemoveRange(at, length);
                    break;
                case 2:
                    bytes.InsertRange(random.Next(bytes.Count), bytes.GetRange(at, length));
                    break;
                case 3:
                    bytes.InsertRange(at, "<>&;\"'${}:/[]@%-0"u8.ToArray().OrderBy(_ => random.Next()).Take(3));
                    break;
                case 4:
                    bytes.RemoveRange(at, bytes.Count - at);
                    break;
            }

            if (bytes.Count == 0)
            {
                break;
            }
        }

        return [.. bytes];
    }
}
